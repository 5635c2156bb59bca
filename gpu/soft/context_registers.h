// The registers of a context, between its image and the register file.
//
// What an image would put into registers that hold it already is not written, and what nobody has
// written since is not read: a context that comes back costs what has changed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "gpu/saved_registers.h"
#include "gpu/soft/judged_registers.h"
#include "hw/context_image.h"

namespace gvt::gpu::soft {

using ContextImage = std::array<uint32_t, hw::kContextDwords>;

class ContextRegisters {
 public:
  // `list_limit`: dword of the image that the list of registers ends before.
  ContextRegisters(hw::Platform platform, hw::Engine engine, size_t list_limit);

  // In this order: Begin, IsListInForm, RestoreLayout, RestoreList, Save; each but Begin may be
  // left out, but RestoreList needs IsListInForm. `image` of all is the one of Begin, and changes
  // in between by nobody else. `former`: the image of the Begin before, as it was left.

  // A context is loaded.
  void Begin();
  // Whether all registers of the list are where Save() puts them. Dwords of the image from
  // end_dword() on say nothing then.
  bool IsListInForm(const ContextImage& image, const ContextImage& former);
  size_t end_dword() const { return list_.dwords.end; }
  // Load the registers that the image holds and the policy allows: those at fixed places, and those
  // of the list behind them.
  void RestoreLayout(const ContextImage& image, const ContextImage& former,
                     JudgedRegisters& registers);
  void RestoreList(const ContextImage& image, const ContextImage& former,
                   JudgedRegisters& registers);
  // Puts the registers into the image: all, or without those of the list. Returns the dwords that
  // they take up.
  struct Part {
    size_t begin;
    size_t end;
  };
  Part Save(bool with_list, ContextImage* image, JudgedRegisters& registers);

 private:
  // Of either half: where it is in the image, and what is in it.
  struct Half {
    Part dwords{};
    SavedRegisterSet registers;
    bool restored = false;  // since Begin, or saved
  };

  void PlaceList();
  void Note(JudgedRegisters& registers);
  void RestoreFrom(const Half& half, bool as_before, const ContextImage& image,
                   const ContextImage& former, JudgedRegisters& registers);
  void RestoreOne(size_t number, uint32_t value, JudgedRegisters& registers);
  bool IsInForm(const ContextImage& image) const;
  void WalkList(const ContextImage& image, JudgedRegisters& registers);

  const SavedRegisters& saved_;
  const size_t list_begin_;
  const size_t list_limit_;
  std::vector<uint16_t> places_;                       // dword of the value of each register
  std::vector<std::pair<uint16_t, uint32_t>> frames_;  // dwords of the list that are fixed
  Half layout_;
  Half list_;
  bool in_form_ = false;  // the image's list is as Save() writes it
  bool former_in_form_ = false;
  bool list_is_as_before_ = false;  // it is that of the former image
  // Registers of which the image does not say what they hold.
  SavedRegisterSet unknown_ = SavedRegisterSet::All();
};

}  // namespace gvt::gpu::soft

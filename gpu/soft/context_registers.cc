// Restore and save of registers, by what has changed.
//
// Invariants:
// 1. Of a half that was restored or saved since Begin(), each register that is not in unknown_
// reads
//    as the image at hand says. A write by anybody makes it unknown before the next look at it
//    (RegisterPort::TakeWritten is asked first): the image may be behind the register, as it is on
//    hardware while a context runs.
// 2. Values of the layout are taken by position, and only where the offset beside them is the
//    register's. The list is walked within the page. What the policy has something to say about is
//    judged each time that it is written.
//
// What Save() leaves behind is "in form": each register of the list at its place. A list that is
// not is a guest's work; it is walked, and leaves all its registers unknown.
//
// Cost of a context that comes back with nothing written in between: two comparisons of images.
#include "gpu/soft/context_registers.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace gvt::gpu::soft {
namespace {

constexpr uint32_t kLri = 0x11000000;      // MI_LOAD_REGISTER_IMM
constexpr uint32_t kLriMask = 0xff800000;  // its opcode; bit 12 says "posted"
constexpr uint32_t kLriPosted = 1u << 12;
constexpr uint32_t kBatchEnd = 0x05000000;  // MI_BATCH_BUFFER_END closes the list
constexpr size_t kMaxPairs = 126;           // of one MI_LOAD_REGISTER_IMM

bool IsSame(const ContextImage& a, const ContextImage& b, size_t begin, size_t end) {
  return std::memcmp(&a[begin], &b[begin], (end - begin) * sizeof(uint32_t)) == 0;
}

}  // namespace

ContextRegisters::ContextRegisters(hw::Platform platform, hw::Engine engine, size_t list_limit)
    : saved_(SavedRegistersOf(platform, engine)),
      list_begin_(hw::ContextLayoutOf(hw::GenerationOf(platform), engine).end_dword),
      list_limit_(list_limit) {
  for (const SavedRegister& reg : saved_.in_layout()) places_.push_back(reg.value_dword);
  layout_.dwords = {places_.empty() ? list_begin_ : places_.front() - size_t{1}, list_begin_};
  layout_.registers = SavedRegisterSet::Of(0, saved_.list_begin);
  list_.registers = SavedRegisterSet::Of(saved_.list_begin, saved_.all.size());
  PlaceList();
}

void ContextRegisters::PlaceList() {
  size_t at = list_begin_;
  for (size_t left = saved_.in_list().size(); left != 0;) {
    const size_t pairs = std::min(left, kMaxPairs);
    const auto length = static_cast<uint32_t>(2 * pairs - 1);
    frames_.emplace_back(static_cast<uint16_t>(at++), kLri | kLriPosted | length);
    for (size_t i = 0; i < pairs; ++i, at += 2) places_.push_back(static_cast<uint16_t>(at + 1));
    left -= pairs;
  }
  frames_.emplace_back(static_cast<uint16_t>(at++), kBatchEnd);
  list_.dwords = {list_begin_, at};
  GVT_CHECK(at <= list_limit_, "how many registers there are is up to our tables");
}

void ContextRegisters::Begin() {
  // What the former context did not restore or save is still that of another one.
  if (!layout_.restored) unknown_ |= layout_.registers;
  if (!list_.restored) unknown_ |= list_.registers;
  layout_.restored = false;
  list_.restored = false;
  former_in_form_ = std::exchange(in_form_, false);
}

void ContextRegisters::Note(JudgedRegisters& registers) {
  unknown_ |= registers.port().TakeWritten();
}

void ContextRegisters::RestoreOne(size_t number, uint32_t value, JudgedRegisters& registers) {
  const SavedRegister& reg = saved_.all[number];
  unknown_.Add(number);
  if (!reg.always_allowed) {
    registers.Write(hw::RegisterPath::kContextImage, true, reg.offset, value);
    return;
  }
  registers.port().Restore(reg.offset, value);
  // A value that Save() would not have written says less than all.
  if (reg.InImage(value) == value) unknown_.Remove(number);
}

void ContextRegisters::RestoreFrom(const Half& half, bool as_before, const ContextImage& image,
                                   const ContextImage& former, JudgedRegisters& registers) {
  const auto restore = [&](size_t number) {
    const size_t place = places_[number];
    if (image[place - 1] != saved_.all[number].offset) {
      unknown_.Add(number);
    } else if (unknown_.Has(number) || image[place] != former[place]) {
      RestoreOne(number, image[place], registers);
    }
  };
  if (as_before) {
    (unknown_ & half.registers).ForEach(restore);
  } else {
    half.registers.ForEach(restore);
  }
}

void ContextRegisters::RestoreLayout(const ContextImage& image, const ContextImage& former,
                                     JudgedRegisters& registers) {
  Note(registers);
  const bool as_before = IsSame(image, former, layout_.dwords.begin, layout_.dwords.end);
  RestoreFrom(layout_, as_before, image, former, registers);
  layout_.restored = true;
}

bool ContextRegisters::IsInForm(const ContextImage& image) const {
  for (const auto& [dword, value] : frames_) {
    if (image[dword] != value) return false;
  }
  for (size_t number = saved_.list_begin; number < saved_.all.size(); ++number) {
    if (image[places_[number] - size_t{1}] != saved_.all[number].offset) return false;
  }
  return true;
}

bool ContextRegisters::IsListInForm(const ContextImage& image, const ContextImage& former) {
  list_is_as_before_ = IsSame(image, former, list_.dwords.begin, list_.dwords.end);
  in_form_ = (list_is_as_before_ && former_in_form_) || IsInForm(image);
  return in_form_;
}

void ContextRegisters::RestoreList(const ContextImage& image, const ContextImage& former,
                                   JudgedRegisters& registers) {
  Note(registers);
  if (in_form_) {
    RestoreFrom(list_, list_is_as_before_, image, former, registers);
  } else {
    WalkList(image, registers);
    unknown_ |= list_.registers;
  }
  list_.restored = true;
}

// Registers are known by their place among those saved; one that is not is judged.
void ContextRegisters::WalkList(const ContextImage& image, JudgedRegisters& registers) {
  size_t at = list_begin_;
  size_t next = saved_.list_begin;
  while (at < list_limit_) {
    const uint32_t header = image[at++];
    if (header == 0) continue;
    if ((header & kLriMask) != kLri) return;
    const size_t operands = (header & 0xff) + size_t{1};
    if (operands > list_limit_ - at) return;
    for (size_t i = 0; i + 1 < operands; i += 2) {
      const uint32_t offset = image[at + i];
      const uint32_t value = image[at + i + 1];
      if (next < saved_.all.size() && saved_.all[next].offset == offset) {
        RestoreOne(next++, value, registers);
      } else {
        registers.Write(hw::RegisterPath::kContextImage, true, offset, value);
      }
    }
    at += operands;
  }
}

ContextRegisters::Part ContextRegisters::Save(bool with_list, ContextImage* image,
                                              JudgedRegisters& registers) {
  Note(registers);
  const auto save = [&](size_t number) {
    const SavedRegister& reg = saved_.all[number];
    const size_t place = places_[number];
    (*image)[place - 1] = reg.offset;
    (*image)[place] = reg.InImage(registers.port().Read(reg.offset));
    unknown_.Remove(number);
  };
  const auto save_half = [&](Half* half) {
    (half->restored ? unknown_ & half->registers : half->registers).ForEach(save);
    half->restored = true;
  };
  save_half(&layout_);
  if (!with_list) return layout_.dwords;
  save_half(&list_);
  for (const auto& [dword, value] : frames_) (*image)[dword] = value;
  in_form_ = true;
  return {layout_.dwords.begin, list_.dwords.end};
}

}  // namespace gvt::gpu::soft

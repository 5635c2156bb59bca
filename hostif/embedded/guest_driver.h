// A guest's driver in miniature: brings the vGPU up, makes page tables and contexts as i915 makes
// them, submits, waits.
//
// Thread rule: one thread; several drivers on several machines at once are fine.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "hostif/embedded/guest_ports.h"
#include "hw/context_image.h"
#include "hw/platform.h"

namespace gvt::hostif::embedded {

inline constexpr std::chrono::milliseconds kPatience{10'000};

// A page of guest memory that the GGTT maps.
struct GgttPage {
  Gma gma;
  Gpa gpa;
};

// A four-level PPGTT.
struct PageTables {
  Gpa root;
};

struct GuestContext {
  hw::Engine engine = hw::Engine::kRcs;
  uint64_t descriptor = 0;
  GgttPage image;  // page 0; the register state is the page behind it, in both address spaces
  GgttPage ring;
  uint32_t ring_bytes = 0;
  uint32_t tail = 0;
};

class GuestDriver {
 public:
  static constexpr uint32_t kRingBytes = 16384;

  // `ports` outlive the driver. Pages of memory and of the GGTT are handed out upward from the
  // given ones on.
  explicit GuestDriver(GuestPorts& ports, hw::Platform platform = hw::Platform::kSkl,
                       uint64_t first_page = 1, uint64_t first_ggtt_page = 1)
      : machine_(ports),
        platform_(platform),
        next_page_(first_page),
        next_ggtt_page_(first_ggtt_page) {}

  // Enables decoding, messages, interrupts and execlists of every engine. kIo: the device does not
  // answer as a vGPU. kNoSpace: memory is used up.
  Result<void> Boot();

  // Zeroed pages, side by side. kNoSpace.
  Result<Gpa> AllocatePages(uint64_t count);
  // The same, mapped side by side in the GGTT. kNoSpace.
  Result<GgttPage> AllocateGgtt(uint64_t count);
  Result<PageTables> CreatePageTables();
  // Maps one page. kNoSpace: no memory for tables.
  Result<void> Map(const PageTables& tables, Gma gma, Gpa gpa, bool writable = true);
  // Allocates and maps `count` pages from `gma` on; gives the first.
  Result<Gpa> AllocateAt(const PageTables& tables, Gma gma, uint64_t count);
  Result<GuestContext> CreateContext(hw::Engine engine, const PageTables& tables);

  // Appends to the ring, padded to a qword, and moves the tail in the image. The caller knows that
  // there is room.
  void Append(GuestContext& context, std::span<const uint32_t> commands);
  // Writes ELSP once its queue has room. False: it never had.
  bool Submit(const GuestContext& first, const GuestContext* second = nullptr);

  // Polls. False: the time is over.
  bool WaitForValue(Gpa at, uint32_t value, std::chrono::milliseconds limit = kPatience) const;
  bool WaitForIdle(hw::Engine engine, std::chrono::milliseconds limit = kPatience) const;
  // Handles interrupts until one with all of `bits` (of the engine's 16) was seen; those seen are
  // forgotten. False: the time is over.
  bool WaitForInterrupt(hw::Engine engine, uint32_t bits,
                        std::chrono::milliseconds limit = kPatience);

  // Resets one engine as i915 does: stop, request, GDRST.
  void ResetEngine(hw::Engine engine);
  // Entries of the context status buffer in the status page since the last call: status in the low,
  // id in the high half.
  std::vector<uint64_t> TakeStatus(hw::Engine engine);

  GuestPorts& machine() { return machine_; }
  const GgttPage& status_page(hw::Engine engine) const {
    return status_pages_[static_cast<size_t>(engine)];
  }

 private:
  void EnableMessages();
  void EnableInterrupts();
  Result<void> StartEngine(hw::Engine engine);
  void HandleInterrupts();
  void WriteImage(const GuestContext& context, const PageTables& tables);
  Result<Gpa> Table(Gpa entry_at);

  GuestPorts& machine_;
  const hw::Platform platform_;
  uint64_t next_page_;
  uint64_t next_ggtt_page_;
  uint32_t next_context_ = 1;
  std::array<GgttPage, hw::kEngineCount> status_pages_{};
  std::array<uint32_t, hw::kEngineCount> status_seen_{};
  std::array<uint32_t, hw::kEngineCount> interrupts_seen_{};
};

}  // namespace gvt::hostif::embedded

// One piece of work that a capture hands to an engine: a ring with its context, or a bare batch.
//
// Everything here was copied out of the capture and is untrusted: addresses may point anywhere. The
// memory behind them is read through capture/gpu_memory.h, as of the moment of submission.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/address.h"
#include "hw/platform.h"

namespace gvt::capture {

// How AddressSpace::kPpgtt is translated for a submission. Source: PRM BDW vol 7 "Context
// Descriptor Format", bits 4:3.
enum class AddressingMode : uint8_t {
  kGgttOnly,     // no tables of its own: kPpgtt means the GGTT (aliasing PPGTT)
  kPpgtt3Level,  // four page directories, PDP0..PDP3; 32-bit addresses
  kPpgtt4Level,  // PML4 in PDP0; 48-bit addresses
  kFlatObjects,  // error state, raw batch: pages are known by address, there are no tables
};

// Why a submission cannot be followed as it stands. It is still yielded, so that a report can name
// it.
enum class SubmissionProblem : uint8_t {
  kNone,
  kContextNotMapped,  // the GGTT does not map the context's status page or register image; ring and
                      // roots are unknown
  kRingNotMapped,     // the first page with unread ring content is not in the GGTT
  kRingOutOfBounds,   // head or tail is not inside the ring; both are 0 then
  kAddressingMode,    // descriptor asks for a mode that Gen8 and Gen9 execlists do not have (SVM)
  kNothingToRun,      // error state: the engine has neither ring nor batch
};

// "context-not-mapped", ...; "none" for kNone.
std::string_view ProblemName(SubmissionProblem problem);

enum class SubmissionKind : uint8_t {
  kRing,   // run the ring from head to tail; it wraps at size_bytes
  kBatch,  // no ring is known: run one first-level batch
};

struct RingPart {
  Gma start;                // GGTT, page aligned
  uint32_t size_bytes = 0;  // multiple of 4096; 4 KiB..2 MiB
  uint32_t head = 0;        // bytes from start, dword aligned, < size_bytes
  uint32_t tail = 0;        // as head; head == tail: nothing to run
};

struct BatchPart {
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;
  Gma start;
  uint64_t size_bytes = 0;  // 0: unknown, runs until MI_BATCH_BUFFER_END
};

struct Submission {
  uint64_t index = 0;        // 0, 1, ... in file order over all engines
  uint64_t file_offset = 0;  // uncompressed offset of what triggered it
  hw::Engine engine = hw::Engine::kRcs;
  SubmissionKind kind = SubmissionKind::kRing;
  SubmissionProblem problem = SubmissionProblem::kNone;
  AddressingMode addressing = AddressingMode::kGgttOnly;
  uint8_t elsp_element = 0;  // 0 runs first
  bool has_context = false;  // descriptor, lrca, context_image and roots are meaningful
  uint64_t descriptor = 0;   // as written to ELSP
  uint32_t context_id = 0;   // descriptor[63:32]
  Gma lrca;                  // GGTT address of the PPHWSP page
  Gma context_image;         // GGTT address of the register image, lrca + 4096
  std::array<uint64_t, 4>
      pdp{};        // PDP0..PDP3 as the image holds them; PDP0 is the PML4 in kPpgtt4Level
  RingPart ring;    // kind == kRing
  BatchPart batch;  // kind == kBatch; error state: also the batch the engine was in
};

}  // namespace gvt::capture

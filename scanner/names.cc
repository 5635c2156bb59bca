#include "scanner/report.h"
#include "scanner/segment.h"

namespace gvt::scanner {

const char* BufferKindName(BufferKind kind) {
  switch (kind) {
    case BufferKind::kRing: return "ring";
    case BufferKind::kFirstLevelBatch: return "batch";
    case BufferKind::kSecondLevelBatch: return "second-level batch";
    case BufferKind::kIndirectContext: return "indirect context";
    case BufferKind::kPerContextBatch: return "per-context batch";
    case BufferKind::kContextImage: return "context image";
  }
  return "?";
}

const char* SegmentEndName(SegmentEnd end) {
  switch (end) {
    case SegmentEnd::kNeedMore: return "need-more";
    case SegmentEnd::kEndOfBuffer: return "end-of-buffer";
    case SegmentEnd::kBatchEnd: return "batch-end";
    case SegmentEnd::kChain: return "chain";
    case SegmentEnd::kCall: return "call";
    case SegmentEnd::kReenter: return "reenter";
    case SegmentEnd::kRefused: return "refused";
  }
  return "?";
}

const char* EventKindName(EventKind kind) {
  switch (kind) {
    case EventKind::kUserInterrupt: return "user-interrupt";
    case EventKind::kNotify: return "notify";
    case EventKind::kStatusPageWrite: return "status-page-write";
    case EventKind::kDisplayFlip: return "display-flip";
    case EventKind::kDisplayWait: return "display-wait";
    case EventKind::kArbitration: return "arbitration";
    case EventKind::kSemaphoreWait: return "semaphore-wait";
    case EventKind::kSemaphoreSignal: return "semaphore-signal";
    case EventKind::kPageTableRoot: return "page-table-root";
    case EventKind::kNonPrivilegeSlot: return "non-privilege-slot";
  }
  return "?";
}

}  // namespace gvt::scanner

#include "capture/boundary_trace.h"

namespace gvt::capture {

std::string_view TraceEventName(TraceEventKind kind) {
  switch (kind) {
    case TraceEventKind::kEnd: return "end";
    case TraceEventKind::kRead: return "read";
    case TraceEventKind::kWrite: return "write";
    case TraceEventKind::kSlice: return "slice";
    case TraceEventKind::kSliceEnd: return "slice-end";
    case TraceEventKind::kReset: return "reset";
    case TraceEventKind::kMemoryAdd: return "memory-add";
    case TraceEventKind::kMemoryRemove: return "memory-remove";
    case TraceEventKind::kTolerance: return "tolerance";
    case TraceEventKind::kClock: return "clock";
    case TraceEventKind::kPage: return "page";
    case TraceEventKind::kPatch: return "patch";
    case TraceEventKind::kStore: return "store";
    case TraceEventKind::kFailed: return "failed";
    case TraceEventKind::kInterrupt: return "interrupt";
  }
  return "unknown";
}

}  // namespace gvt::capture

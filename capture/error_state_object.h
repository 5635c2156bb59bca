// The contents line of a memory object in an i915 error state: ":" or "~", then ASCII85, the former
// of a zlib stream.
//
// Source: linux v6.1 drivers/gpu/drm/i915/i915_gpu_error.c (err_print_gpu_object, compress_page),
// include/linux/ascii85.h.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "capture/text_cursor.h"

namespace gvt::capture {

enum class ObjectStatus : uint8_t {
  kOk,
  kBadText,     // a character that is not ASCII85, a group cut short, or a group beyond 32 bits
  kBadStream,   // zlib refuses the bytes
  kCutStream,   // the zlib stream does not end
  kTooLarge,    // more than `limit_bytes` come out
  kSinkFailed,  // the sink said stop
};

// Receives the bytes in order; false stops decoding.
using ObjectSink = std::function<bool(std::span<const std::byte>)>;

// Decodes the line at the cursor, which stands on its first character, and consumes it with its
// end. On anything but kOk the cursor stands where the fault was found. Memory is constant; the
// sink gets at most limit_bytes.
ObjectStatus DecodeObject(TextCursor* cursor, uint64_t limit_bytes, const ObjectSink& sink);

}  // namespace gvt::capture

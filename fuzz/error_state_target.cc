// Fuzz target: i915 error states, read and walked.
//
// Besides the promises of every capture (fuzz/capture_checks.h): the first object line of the input
// is accepted only if it is ASCII85 of 32-bit words, by a decoder that knows nothing but that.
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "capture/byte_source.h"
#include "capture/error_state_object.h"
#include "capture/text_cursor.h"
#include "fuzz/capture_checks.h"
#include "fuzz/fuzz_target.h"

namespace gvt::fuzz {
namespace {

// The bytes that ASCII85 text stands for; nullopt if it is none.
std::optional<std::vector<std::byte>> DecodeAscii85(std::string_view text) {
  std::vector<std::byte> bytes;
  while (!text.empty()) {
    uint64_t word = 0;
    if (text[0] == 'z') {
      text.remove_prefix(1);
    } else {
      if (text.size() < 5) return std::nullopt;
      for (const char c : text.substr(0, 5)) {
        if (c < '!' || c > 'u') return std::nullopt;
        word = word * 85 + static_cast<uint64_t>(c - '!');
      }
      text.remove_prefix(5);
    }
    if (word >> 32 != 0) return std::nullopt;
    for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<std::byte>(word >> (8 * i)));
  }
  return bytes;
}

// The first line that begins as object contents do, without its end; empty if there is none.
std::string_view FirstObject(std::string_view file) {
  while (!file.empty()) {
    const std::string_view line = file.substr(0, file.find_first_of("\r\n"));
    if (line.starts_with('~') || line.starts_with(':')) return line;
    file.remove_prefix(std::min(line.size() + 1, file.size()));
  }
  return {};
}

void CheckObject(std::string_view line) {
  if (line.empty()) return;
  auto source = capture::ByteSource::OpenMemory("input", std::as_bytes(std::span(line)));
  if (!source) return;
  capture::TextCursor cursor(source->get());
  std::vector<std::byte> decoded;
  const capture::ObjectStatus status =
      capture::DecodeObject(&cursor, SmallLimits().object_bytes_limit, [&](auto bytes) {
        decoded.insert(decoded.end(), bytes.begin(), bytes.end());
        return true;
      });
  const auto expected = DecodeAscii85(line.substr(1));
  Require(status != capture::ObjectStatus::kOk || expected.has_value(),
          "an object is ASCII85 of 32-bit words");
  if (line[0] == '~' && status == capture::ObjectStatus::kOk) {
    Require(decoded == *expected, "a plain object is the bytes that its text stands for");
  }
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  gvt::fuzz::CheckObject(
      gvt::fuzz::FirstObject(std::string_view(reinterpret_cast<const char*>(data), size)));
  gvt::fuzz::CheckCapture(bytes, gvt::fuzz::SmallLimits());
  return 0;
}

#include "trace.h"

#include <fstream>
#include <iterator>
#include <sstream>

#include "capture/decompressor.h"

namespace gvt::vgpu {
namespace {

std::string Inflate(const std::string& packed) {
  const auto decoder = capture::MakeDecompressor(capture::Compression::kXz);
  std::span<const std::byte> in = std::as_bytes(std::span(packed));
  std::string text;
  char block[1 << 16];
  capture::DecodeStatus status = capture::DecodeStatus::kMore;
  while (status == capture::DecodeStatus::kMore) {
    size_t produced = 0;
    status = decoder->Decode(&in, true, std::as_writable_bytes(std::span(block)), &produced);
    text.append(block, produced);
  }
  return status == capture::DecodeStatus::kEnd ? text : std::string();
}

}  // namespace

std::vector<TraceAccess> ReadTrace(const std::string& name) {
  std::ifstream file("tests/vgpu/data/" + name + ".trace.xz", std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(file), {}};
  std::istringstream text(Inflate(packed));
  std::vector<TraceAccess> accesses;
  std::string kind;
  TraceAccess access;
  while (text >> kind >> std::hex >> access.offset >> access.value) {
    access.config = kind[0] == 'c';
    access.write = kind[1] == 'w';
    access.size_bytes = static_cast<uint32_t>(kind[2] - '0');
    accesses.push_back(access);
  }
  return accesses;
}

}  // namespace gvt::vgpu

#include "capture/read_digest.h"

#include <zlib.h>

namespace gvt::capture {

void ReadDigest::Add(uint64_t address, std::span<const std::byte> data) {
  const auto append = [this](const void* bytes, size_t count) {
    value_ = static_cast<uint32_t>(
        crc32(value_, static_cast<const Bytef*>(bytes), static_cast<uInt>(count)));
  };
  append(&address, sizeof address);
  append(data.data(), data.size());
}

}  // namespace gvt::capture

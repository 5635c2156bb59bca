// gvt_make_seeds FOLDER CAPTURE...: writes seeds for the fuzz targets to FOLDER/<target>/, made
// from the command table, from scratch, and from slices of captures. fuzz/make_seeds.py runs it.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "capture/byte_source.h"
#include "fuzz/seed_writer.h"

namespace gvt::fuzz {

void SeedWriter::Write(const std::string& target, const std::string& name,
                       std::span<const uint8_t> bytes) {
  if (bytes.size() > kMaxSeedBytes) return;
  const std::filesystem::path folder = root_ / target;
  std::filesystem::create_directories(folder);
  std::ofstream file(folder / name, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) {
    std::fprintf(stderr, "gvt_make_seeds: cannot write %s\n", (folder / name).c_str());
    std::exit(2);
  }
  ++written_;
}

namespace {

// Enough for the first submissions of any capture.
constexpr size_t kMaxCaptureBytes = size_t{32} << 20;

std::vector<std::byte> ReadCapture(const char* path) {
  auto source = capture::ByteSource::OpenFile(path);
  if (!source) {
    std::fprintf(stderr, "gvt_make_seeds: %s\n", source.error().Message().c_str());
    std::exit(2);
  }
  std::vector<std::byte> bytes(kMaxCaptureBytes);
  bytes.resize((*source)->Read(bytes));
  return bytes;
}

}  // namespace
}  // namespace gvt::fuzz

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: gvt_make_seeds FOLDER CAPTURE...\n");
    return 2;
  }
  gvt::fuzz::SeedWriter out(argv[1]);
  gvt::fuzz::MakeTableSeeds(&out);
  gvt::fuzz::MakePacketSeeds(&out);
  gvt::fuzz::MakeWorkloadSeeds(&out);
  gvt::fuzz::MakeTraceSeeds(&out);
  gvt::fuzz::MakeStateSeeds(&out);
  gvt::fuzz::MakeTranslationSeeds(&out);
  for (int i = 2; i < argc; ++i) {
    const std::string name = std::filesystem::path(argv[i]).filename().replace_extension().stem();
    gvt::fuzz::MakeCaptureSeeds(name, gvt::fuzz::ReadCapture(argv[i]), &out);
  }
  std::printf("%llu seeds\n", static_cast<unsigned long long>(out.written()));
  return 0;
}

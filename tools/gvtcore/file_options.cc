#include "tools/gvtcore/file_options.h"

namespace gvt::tools {
namespace {

std::vector<std::string> EngineNames() {
  std::vector<std::string> names;
  for (unsigned i = 0; i < hw::kEngineCount; ++i) {
    names.emplace_back(hw::EngineName(static_cast<hw::Engine>(i)));
  }
  return names;
}

std::vector<std::string> PlatformNames() {
  std::vector<std::string> names;
  for (unsigned i = 0; i < hw::kPlatformCount; ++i) {
    names.emplace_back(hw::PlatformName(static_cast<hw::Platform>(i)));
  }
  return names;
}

}  // namespace

void FileOptions::AddTo(Command* command) {
  command
      ->Add("FILE", &files,
            "AUB capture or i915 error state, plain or compressed by xz, zstd or gzip; "
            "- reads standard input")
      .Required();
  command->Add("--engine", &engine, "Only submissions of this engine; with --raw: its engine")
      .Named("NAME")
      .OneOf(EngineNames());
  const Option platform_option =
      command->Add("--platform", &platform, "What the files were made for; wins over the files")
          .Named("NAME")
          .OneOf(PlatformNames());
  command
      ->Add("--live-limit", &live_limit,
            "Pages held of one file at a time; suffixes k, m, g; default 8g")
      .Named("BYTES")
      .Bytes();
  const Option raw_option =
      command->Flag("--raw", &raw, "The files are plain dwords: one batch each")
          .Needs(platform_option);
  command->Add("--address", &address, "Where a raw batch starts; default 0x100000")
      .Named("ADDRESS")
      .Needs(raw_option);
  command->Add("--space", &space, "Address space of a raw batch; ggtt makes it privileged")
      .Named("NAME")
      .OneOf({"ggtt", "ppgtt"})
      .Needs(raw_option);
}

capture::CaptureOptions FileOptions::ForCapture() const {
  capture::CaptureOptions options;
  options.live_bytes_limit = live_limit;
  options.object_bytes_limit = std::min(options.object_bytes_limit, live_limit);
  options.platform = hw::PlatformFromName(platform);
  if (raw) {
    capture::RawBatchOptions batch;
    batch.engine = hw::EngineFromName(engine).value_or(hw::Engine::kRcs);
    batch.space = space == "ggtt" ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
    batch.start = Gma(address);
    options.raw = batch;
  }
  return options;
}

std::optional<hw::Engine> FileOptions::OnlyEngine() const {
  return hw::EngineFromName(engine);
}

}  // namespace gvt::tools

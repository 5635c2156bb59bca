#include "tools/gvtcore/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "tools/gvtcore/text_table.h"

namespace gvt::tools {

ProgressLine::ProgressLine(const std::vector<std::string>& files)
    : count_(files.size()), files_(std::make_unique<ScanProgress[]>(files.size())) {
  if (isatty(STDERR_FILENO) == 0) return;
  for (const std::string& file : files) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (!error) total_bytes_ += size;
  }
  painter_ = std::jthread([this](const std::stop_token& stop) {
    constexpr auto kPeriod = std::chrono::milliseconds(100);
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, stop, kPeriod, [] { return false; }) && !stop.stop_requested()) {
      Paint();
    }
  });
}

void ProgressLine::Stop() {
  if (!painter_.joinable()) return;
  painter_.request_stop();
  painter_.join();
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

void ProgressLine::Paint() const {
  uint64_t bytes = 0;
  uint64_t commands = 0;
  size_t done = 0;
  for (size_t i = 0; i < count_; ++i) {
    bytes += files_[i].input_bytes.load(std::memory_order_relaxed);
    commands += files_[i].commands.load(std::memory_order_relaxed);
    if (files_[i].done.load(std::memory_order_relaxed)) ++done;
  }
  const std::string share =
      total_bytes_ == 0
          ? std::string()
          : Share(static_cast<double>(bytes), static_cast<double>(total_bytes_)) + ", ";
  fmt::print(stderr, "\r\x1b[K{} of {} files, {}{} commands", done, count_, share,
             Grouped(commands));
  std::fflush(stderr);
}

}  // namespace gvt::tools

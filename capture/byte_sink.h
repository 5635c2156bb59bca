// Where a writer's bytes go.
#pragma once

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace gvt::capture {

class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;

  // Appends all of `bytes`. False: they could not be stored; what follows is lost too.
  [[nodiscard]] virtual bool Write(std::span<const std::byte> bytes) = 0;
};

class VectorSink final : public ByteSink {
 public:
  bool Write(std::span<const std::byte> bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return true;
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

class FileSink final : public ByteSink {
 public:
  // Creates or truncates `path`; is_open() says whether it worked (errno is that of fopen).
  // Unbuffered: each write is in the file when it returns.
  explicit FileSink(const std::string& path, bool buffered = true)
      : file_(std::fopen(path.c_str(), "wbe")) {
    if (file_ != nullptr && !buffered) std::setvbuf(file_, nullptr, _IONBF, 0);
  }
  ~FileSink() override { Close(); }

  bool is_open() const { return file_ != nullptr; }
  bool Write(std::span<const std::byte> bytes) override {
    return file_ != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
  }
  // Flushes and closes; false if that failed. Later writes fail.
  bool Close() {
    std::FILE* file = file_;
    file_ = nullptr;
    return file == nullptr || std::fclose(file) == 0;
  }

 private:
  std::FILE* file_;
};

}  // namespace gvt::capture

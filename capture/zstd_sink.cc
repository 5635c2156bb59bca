#include "capture/zstd_sink.h"

#include <zstd.h>

namespace gvt::capture {

struct ZstdSink::State {
  ZSTD_CCtx* context = ZSTD_createCCtx();
};

ZstdSink::ZstdSink(ByteSink* below) : below_(below), state_(new State) {
  if (state_->context != nullptr) {
    ZSTD_CCtx_setParameter(state_->context, ZSTD_c_checksumFlag, 1);
  }
}

ZstdSink::~ZstdSink() {
  ZSTD_freeCCtx(state_->context);
  delete state_;
}

bool ZstdSink::Write(std::span<const std::byte> bytes) {
  if (state_->context == nullptr) return false;
  frame_.resize(ZSTD_compressBound(bytes.size()));
  const size_t size =
      ZSTD_compress2(state_->context, frame_.data(), frame_.size(), bytes.data(), bytes.size());
  return ZSTD_isError(size) == 0 && below_->Write(std::span(frame_).first(size));
}

}  // namespace gvt::capture

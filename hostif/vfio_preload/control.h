// Commands to a running device: lines that an operator writes into a FIFO.
#pragma once

#include <functional>
#include <string_view>

namespace gvt::hostif::vfio_preload {

inline constexpr size_t kMaxControlLine = 256;

// Starts a thread that calls `run` for each line written into the FIFO at `path`, for as long as
// the process lives. Longer lines than kMaxControlLine are dropped. False: it cannot be opened, or
// is no FIFO; errno says why.
bool StartControlThread(const char* path, std::function<void(std::string_view)> run);

}  // namespace gvt::hostif::vfio_preload

// What the library and whoever starts a VMM under it have to agree on.
#pragma once

namespace gvt::hostif::vfio_preload {

// The group that the library answers for. The kernel counts its groups from 0 on, so that it has
// none of this number.
inline constexpr const char* kGroupNumber = "4776544";
inline constexpr const char* kGroupPath = "/dev/vfio/4776544";
inline constexpr const char* kContainerPath = "/dev/vfio/vfio";
inline constexpr const char* kDeviceName = "gvtcore0";
inline constexpr const char* kLibraryName = "libgvtcore-vfio.so";

// Environment variables.
inline constexpr const char* kDeviceVariable = "GVTCORE_DEVICE";    // PCI id, hexadecimal
inline constexpr const char* kTypeVariable = "GVTCORE_TYPE";        // as V5_4, or 16+48
inline constexpr const char* kScanVariable = "GVTCORE_SCAN";        // on or off
inline constexpr const char* kStatsVariable = "GVTCORE_STATS";      // file
inline constexpr const char* kTraceVariable = "GVTCORE_TRACE";      // file
inline constexpr const char* kControlVariable = "GVTCORE_CONTROL";  // FIFO
inline constexpr const char* kShareVariable = "GVTCORE_SHARE";      // file
inline constexpr const char* kWeightVariable = "GVTCORE_WEIGHT";    // number
inline constexpr const char* kCapVariable = "GVTCORE_CAP";          // percent
inline constexpr const char* kLatencyVariable = "GVTCORE_LATENCY";  // microseconds

}  // namespace gvt::hostif::vfio_preload

// The members of GVT-g's table that can be missing, by name.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

#include "gvtcore/mpt.h"

namespace gvt::hostif::conformance {

struct Member {
  std::string_view name;
  bool (*is_there)(const gvtcore_mpt_t& table);
};

#define GVT_MEMBER(name)                                                    \
  Member {                                                                  \
#name, [](const gvtcore_mpt_t& table) { return table.name != nullptr; } \
  }
// Every member but `type`, of which nothing depends; in the table's order.
inline constexpr Member kMembers[] = {GVT_MEMBER(host_init),
                                      GVT_MEMBER(host_exit),
                                      GVT_MEMBER(attach_vgpu),
                                      GVT_MEMBER(detach_vgpu),
                                      GVT_MEMBER(inject_msi),
                                      GVT_MEMBER(from_virt_to_mfn),
                                      GVT_MEMBER(enable_page_track),
                                      GVT_MEMBER(disable_page_track),
                                      GVT_MEMBER(read_gpa),
                                      GVT_MEMBER(write_gpa),
                                      GVT_MEMBER(gfn_to_mfn),
                                      GVT_MEMBER(dma_map_guest_page),
                                      GVT_MEMBER(dma_unmap_guest_page),
                                      GVT_MEMBER(dma_pin_guest_page),
                                      GVT_MEMBER(map_gfn_to_mfn),
                                      GVT_MEMBER(set_trap_area),
                                      GVT_MEMBER(set_opregion),
                                      GVT_MEMBER(set_edid),
                                      GVT_MEMBER(get_vfio_device),
                                      GVT_MEMBER(put_vfio_device),
                                      GVT_MEMBER(is_valid_gfn)};
#undef GVT_MEMBER

// `name` is a member, and the table lacks it: the core's default stands in for it.
inline bool IsDefault(const gvtcore_mpt_t& table, std::string_view name) {
  const auto* const found = std::find_if(std::begin(kMembers), std::end(kMembers),
                                         [&](const Member& member) { return member.name == name; });
  return found != std::end(kMembers) && !found->is_there(table);
}

}  // namespace gvt::hostif::conformance

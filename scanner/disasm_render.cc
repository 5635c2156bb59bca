// Fields of a few render commands that a reader looks for first: draws, dispatches, pipeline
// switches.
//
// Source: PRM SKL vol 2a 3DPRIMITIVE, GPGPU_WALKER, PIPELINE_SELECT; mesa 22.3 genxml gen9.xml.
#include "base/bits.h"
#include "scanner/disasm_fields.h"

namespace gvt::scanner::disasm {
namespace {

std::string_view TopologyName(uint32_t topology) {
  constexpr std::string_view kNames[] = {"",
                                         "points",
                                         "lines",
                                         "line-strip",
                                         "triangles",
                                         "triangle-strip",
                                         "triangle-fan",
                                         "quads",
                                         "quad-strip",
                                         "lines-adjacency",
                                         "line-strip-adjacency",
                                         "triangles-adjacency",
                                         "triangle-strip-adjacency",
                                         "triangle-strip-reverse",
                                         "polygon",
                                         "rectangles",
                                         "line-loop"};
  return topology < std::size(kNames) ? kNames[topology] : std::string_view();
}

void WriteDraw(FieldWriter& fields) {
  const uint32_t header = fields.command().header();
  const uint32_t flags = fields.Dword(1);
  std::string kind(TopologyName(Bits(flags, 5, 0)));
  if (kind.empty()) kind = Text("topology-0x%x", Bits(flags, 5, 0));
  if (Bit(flags, 8)) kind += " indexed";
  if (Bit(header, 10)) kind += " indirect";
  if (Bit(header, 8)) kind += " predicated";
  fields.Add(std::move(kind));
  if (Bit(header, 10)) return;
  fields.Add(Text("vertices %u from %u, instances %u from %u", fields.Dword(2), fields.Dword(3),
                  fields.Dword(4), fields.Dword(5)));
}

void WritePipelineSelect(FieldWriter& fields) {
  constexpr const char* kPipelines[] = {"3d", "media", "gpgpu", "reserved"};
  fields.Add(kPipelines[fields.command().header() & 3]);
}

void WriteWalker(FieldWriter& fields) {
  const uint32_t header = fields.command().header();
  if (Bit(header, 10)) fields.Add("indirect");
  if (Bit(header, 8)) fields.Add("predicated");
  fields.Add(Text("groups %u x %u x %u", fields.Dword(7), fields.Dword(10), fields.Dword(12)));
}

}  // namespace

bool WriteRenderFields(FieldWriter& fields) {
  const std::string_view name = fields.row().name;
  if (name == "3DPRIMITIVE") {
    WriteDraw(fields);
  } else if (name == "PIPELINE_SELECT") {
    WritePipelineSelect(fields);
  } else if (name == "GPGPU_WALKER") {
    WriteWalker(fields);
  } else {
    return false;
  }
  return true;
}

}  // namespace gvt::scanner::disasm

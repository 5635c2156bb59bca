# cmake -DROOT=top of the source tree -DOUTPUT=file.cc "-DTABLES=a;b" -P embed_tables.cmake
# Writes the definition of EmbeddedTables() (embedded_tables.h): each table as one raw string.
set(rows "")
foreach(table IN LISTS TABLES)
  file(READ ${ROOT}/${table} text)
  string(APPEND rows "    {\"${table}\", R\"gvt(${text})gvt\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"tools/gvtcore/embedded_tables.h\"

namespace gvt::tools {
namespace {

constexpr EmbeddedTable kTables[] = {
${rows}};

}  // namespace

std::span<const EmbeddedTable> EmbeddedTables() {
  return kTables;
}

std::string_view EmbeddedTableText(std::string_view path) {
  for (const EmbeddedTable& table : kTables) {
    if (table.path == path) return table.text;
  }
  return {};
}

}  // namespace gvt::tools
")

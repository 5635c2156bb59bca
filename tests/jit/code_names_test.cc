// Names of emitted code, as perf and GDB get them.
#include "jit/code_names.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "jit/gdb_symbols.h"
#include "jit/sequence_compiler.h"

namespace gvt::jit {
namespace {

std::string PerfMap() {
  return std::string("/tmp") + "/perf-" + std::to_string(getpid()) + ".map";
}

// A compiler that has made code of a sequence, with names as `wish` asks for.
std::unique_ptr<SequenceCompiler> UsedCompiler(const char* wish) {
  EXPECT_EQ(setenv("GVTCORE_JIT_SYMBOLS", wish, 1), 0);
  auto compiler = SequenceCompiler::Create();
  EXPECT_EQ(unsetenv("GVTCORE_JIT_SYMBOLS"), 0);
  if (!compiler) return nullptr;
  const uint16_t dwords[recall::kChecksAtOnce] = {0, 1, 2, 3};
  const uint32_t values[recall::kChecksAtOnce] = {};
  recall::Sequence sequence;
  sequence.dwords = dwords;
  sequence.values = values;
  sequence.check_count = recall::kChecksAtOnce;
  EXPECT_NE((*compiler)->Compile(sequence), nullptr);
  return std::move(*compiler);
}

bool Holds(std::span<const uint8_t> code, uintptr_t begin, size_t bytes) {
  const auto first = reinterpret_cast<uintptr_t>(code.data());
  return begin >= first && bytes <= code.size() && begin - first <= code.size() - bytes;
}

TEST(CodeNames, AreInTheMapThatPerfReads) {
  std::remove(PerfMap().c_str());
  const auto compiler = UsedCompiler("gdb,perf");
  ASSERT_NE(compiler, nullptr);
  std::ifstream map(PerfMap());
  uint64_t lines = 0;
  for (std::string line; std::getline(map, line); ++lines) {
    size_t begin = 0;
    size_t bytes = 0;
    char name[100];
    ASSERT_EQ(std::sscanf(line.c_str(), "%zx %zx %99s", &begin, &bytes, name), 3) << line;
    EXPECT_TRUE(Holds(compiler->emitted(), begin, bytes)) << line;
    EXPECT_EQ(std::string(name).find("gvt_sequence_00000000_to_"), 0u) << line;
  }
  EXPECT_EQ(lines, 1u);
  std::remove(PerfMap().c_str());
}

TEST(CodeNames, AreNotWrittenThroughALink) {
  const std::string target = testing::TempDir() + "code-names-target";
  std::ofstream(target) << "";
  std::remove(PerfMap().c_str());
  ASSERT_EQ(symlink(target.c_str(), PerfMap().c_str()), 0);
  EXPECT_NE(UsedCompiler("perf"), nullptr);
  EXPECT_EQ(std::ifstream(target).peek(), EOF);
  std::remove(PerfMap().c_str());
  std::remove(target.c_str());
}

TEST(CodeNames, AreMadeOnlyWhereTheyAreWished) {
  std::remove(PerfMap().c_str());
  ASSERT_EQ(unsetenv("GVTCORE_JIT_SYMBOLS"), 0);
  EXPECT_EQ(CodeNames::Create(), nullptr);
  EXPECT_NE(UsedCompiler("perfect,pdb"), nullptr);
  EXPECT_FALSE(std::ifstream(PerfMap()).is_open());
}

TEST(GdbSymbols, AreElfImagesWithTheFunction) {
  const std::vector<uint8_t> code(48);
  const std::vector<uint8_t> image = SymbolFile(code, "a_name");
  Elf64_Ehdr header;
  ASSERT_GE(image.size(), sizeof header);
  std::memcpy(&header, image.data(), sizeof header);
  EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  EXPECT_EQ(header.e_machine, EM_X86_64);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  ASSERT_LE(header.e_shoff + sections.size() * sizeof(Elf64_Shdr), image.size());
  std::memcpy(sections.data(), image.data() + header.e_shoff, sections.size() * sizeof sections[0]);
  const char* const names =
      reinterpret_cast<const char*>(image.data() + sections[header.e_shstrndx].sh_offset);
  unsigned functions = 0;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type == SHT_NOBITS) {
      EXPECT_STREQ(names + section.sh_name, ".text");
      EXPECT_EQ(section.sh_addr, reinterpret_cast<uintptr_t>(code.data()));
      EXPECT_EQ(section.sh_size, code.size());
    }
    if (section.sh_type != SHT_SYMTAB) continue;
    Elf64_Sym function;
    std::memcpy(&function, image.data() + section.sh_offset + sizeof function, sizeof function);
    EXPECT_STREQ(names + function.st_name, "a_name");
    EXPECT_EQ(function.st_value, reinterpret_cast<uintptr_t>(code.data()));
    ++functions;
  }
  EXPECT_EQ(functions, 1u);
}

TEST(GdbSymbols, AreFoundByGdb) {
  if (access("/usr/bin/gdb", X_OK) != 0) GTEST_SKIP() << "no gdb";
  const auto compiler = UsedCompiler("gdb");
  ASSERT_NE(compiler, nullptr);
  const auto last =
      reinterpret_cast<uintptr_t>(compiler->emitted().data()) + compiler->emitted().size() - 1;
  char command[200];
  std::snprintf(command, sizeof command,
                "gdb -nx -batch -p %ld -ex 'info symbol 0x%zx' 2>&1 </dev/null",
                static_cast<long>(getpid()), last);
  std::string said;
  FILE* const gdb = popen(command, "r");
  ASSERT_NE(gdb, nullptr);
  for (char line[256]; std::fgets(line, sizeof line, gdb) != nullptr;) said += line;
  pclose(gdb);
  if (said.find("ptrace") != std::string::npos) GTEST_SKIP() << said;
  EXPECT_NE(said.find("gvt_sequence_00000000_to_"), std::string::npos) << said;
}

}  // namespace
}  // namespace gvt::jit

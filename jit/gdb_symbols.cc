// The image: header, section headers, symbols, names. The code's section has an address and no
// contents, so that the debugger reads instructions where they run.
//
// Source: ELF-64 Object File Format, version 1.5; GDB manual, "JIT Compilation Interface".
#include "jit/gdb_symbols.h"

#include <elf.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <mutex>

namespace gvt::jit {
namespace {

enum class Action : uint32_t { kNone, kRegister, kUnregister };

struct Descriptor {
  uint32_t version = 1;
  Action action = Action::kNone;
  GdbEntry* relevant = nullptr;
  GdbEntry* first = nullptr;
};

}  // namespace

// Names that a debugger looks for. A library that is stripped has none of them, and no symbols.
extern "C" {
[[gnu::used]] Descriptor gdb_descriptor __asm__("__jit_debug_descriptor");
[[gnu::noinline, gnu::used]] void GdbLook() __asm__("__jit_debug_register_code");
// The debugger's breakpoint is here; the compiler must believe that something is done.
void GdbLook() {
  __asm__ volatile("" ::: "memory");
}
}

namespace {

// Guards gdb_descriptor and all entries in its list.
std::mutex& ListMutex() {
  static std::mutex mutex;
  return mutex;
}

enum Section : Elf64_Half { kNone, kText, kSymbols, kStrings, kSectionCount };
enum Symbol : uint8_t { kNoSymbol, kFunction, kSymbolCount };

struct Image {
  Elf64_Ehdr header{};
  Elf64_Shdr sections[kSectionCount]{};
  Elf64_Sym symbols[kSymbolCount]{};
};

// Names of sections, then of the function.
constexpr char kNames[] = "\0.text\0.symtab\0.strtab";
constexpr Elf64_Word kTextName = 1;
constexpr Elf64_Word kSymbolsName = 7;
constexpr Elf64_Word kStringsName = 15;

void FillHeader(Elf64_Ehdr* header) {
  std::memcpy(header->e_ident, ELFMAG, SELFMAG);
  header->e_ident[EI_CLASS] = ELFCLASS64;
  header->e_ident[EI_DATA] = ELFDATA2LSB;
  header->e_ident[EI_VERSION] = EV_CURRENT;
  header->e_type = ET_EXEC;
  header->e_machine = EM_X86_64;
  header->e_version = EV_CURRENT;
  header->e_ehsize = sizeof(Elf64_Ehdr);
  header->e_shentsize = sizeof(Elf64_Shdr);
  header->e_shoff = offsetof(Image, sections);
  header->e_shnum = kSectionCount;
  header->e_shstrndx = kStrings;
}

}  // namespace

std::vector<uint8_t> SymbolFile(std::span<const uint8_t> code, const std::string& name) {
  const auto address = reinterpret_cast<uintptr_t>(code.data());
  const size_t names_bytes = sizeof kNames + name.size() + 1;
  Image image;
  FillHeader(&image.header);
  Elf64_Shdr& text = image.sections[kText];
  text.sh_name = kTextName;
  text.sh_type = SHT_NOBITS;
  text.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  text.sh_addr = address;
  text.sh_offset = sizeof(Image);
  text.sh_size = code.size();
  text.sh_addralign = 16;
  Elf64_Shdr& symbols = image.sections[kSymbols];
  symbols.sh_name = kSymbolsName;
  symbols.sh_type = SHT_SYMTAB;
  symbols.sh_offset = offsetof(Image, symbols);
  symbols.sh_size = sizeof image.symbols;
  symbols.sh_link = kStrings;
  symbols.sh_info = kFunction;  // the first that is global
  symbols.sh_addralign = alignof(Elf64_Sym);
  symbols.sh_entsize = sizeof(Elf64_Sym);
  Elf64_Shdr& strings = image.sections[kStrings];
  strings.sh_name = kStringsName;
  strings.sh_type = SHT_STRTAB;
  strings.sh_offset = sizeof(Image);
  strings.sh_size = names_bytes;
  strings.sh_addralign = 1;
  Elf64_Sym& function = image.symbols[kFunction];
  function.st_name = sizeof kNames;
  function.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
  function.st_shndx = kText;
  function.st_value = address;
  function.st_size = code.size();
  std::vector<uint8_t> bytes(sizeof image + names_bytes);
  std::memcpy(bytes.data(), &image, sizeof image);
  std::memcpy(bytes.data() + sizeof image, kNames, sizeof kNames);
  std::copy(name.begin(), name.end(), bytes.end() - static_cast<std::ptrdiff_t>(name.size()) - 1);
  return bytes;
}

GdbSymbol::GdbSymbol(std::span<const uint8_t> code, const std::string& name)
    : image_(SymbolFile(code, name)) {
  const std::lock_guard lock(ListMutex());
  entry_ = {gdb_descriptor.first, nullptr, image_.data(), image_.size()};
  if (entry_.next != nullptr) entry_.next->previous = &entry_;
  gdb_descriptor.first = &entry_;
  gdb_descriptor.relevant = &entry_;
  gdb_descriptor.action = Action::kRegister;
  GdbLook();
}

GdbSymbol::~GdbSymbol() {
  const std::lock_guard lock(ListMutex());
  if (entry_.next != nullptr) entry_.next->previous = entry_.previous;
  (entry_.previous != nullptr ? entry_.previous->next : gdb_descriptor.first) = entry_.next;
  gdb_descriptor.relevant = &entry_;
  gdb_descriptor.action = Action::kUnregister;
  GdbLook();
}

}  // namespace gvt::jit

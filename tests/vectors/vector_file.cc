// The reader of test vectors: a line is a keyword with words behind it; indented lines belong to
// the `memory` or `expect` above them.
#include "tests/vectors/vector_file.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "tests/oracle/assembler.h"

namespace gvt::vectors {
namespace {

using Words = std::vector<std::string>;

Words Split(const std::string& line) {
  std::istringstream stream(line);
  Words words;
  for (std::string word; stream >> word && !word.starts_with('#');) words.push_back(word);
  return words;
}

// "0x..." or decimal.
bool Number(const std::string& word, uint64_t* value) {
  char* end = nullptr;
  *value = std::strtoull(word.c_str(), &end, word.starts_with("0x") ? 16 : 10);
  return !word.empty() && *end == '\0';
}

bool Number32(const std::string& word, uint32_t* value) {
  uint64_t wide = 0;
  if (!Number(word, &wide) || wide >> 32 != 0) return false;
  *value = static_cast<uint32_t>(wide);
  return true;
}

bool HexDwords(const Words& words, size_t first, std::vector<uint32_t>* dwords) {
  for (size_t i = first; i < words.size(); ++i) {
    uint32_t value = 0;
    if (!Number32("0x" + words[i], &value)) return false;
    dwords->push_back(value);
  }
  return !dwords->empty();
}

bool SpaceFrom(const std::string& word, hw::AddressSpace* space) {
  *space = word == "ggtt" ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  return word == "ggtt" || word == "ppgtt";
}

bool KindFrom(const std::string& word, scanner::BufferKind* kind) {
  static const std::map<std::string, scanner::BufferKind> kKinds = {
      {"ring", scanner::BufferKind::kRing},
      {"batch", scanner::BufferKind::kFirstLevelBatch},
      {"second-level", scanner::BufferKind::kSecondLevelBatch},
      {"indirect", scanner::BufferKind::kIndirectContext},
      {"per-context", scanner::BufferKind::kPerContextBatch},
      {"image", scanner::BufferKind::kContextImage}};
  const auto found = kKinds.find(word);
  if (found == kKinds.end()) return false;
  *kind = found->second;
  return true;
}

class Reader {
 public:
  explicit Reader(VectorFile* vector) : vector_(*vector) {}

  // False: error() says why.
  bool Line(const std::string& line) {
    const Words words = Split(line);
    if (words.empty()) return true;
    if (line.front() == ' ') return Indented(words);
    block_ = Block::kNone;
    return Keyword(words) || Fail("cannot read this line");
  }

  bool Finish() {
    if (!vector_.scan) return true;
    for (const auto& [address, dwords] : code_[static_cast<size_t>(vector_.scan->space)]) {
      if (address != vector_.scan->start.value) continue;
      vector_.scan_dwords = dwords;
      vector_.scan->dwords = vector_.scan_dwords;
      return true;
    }
    return Fail("no memory block at the scanned address");
  }

  const std::string& error() const { return error_; }

 private:
  enum class Block { kNone, kMemory, kExpect };

  bool Fail(const std::string& why) {
    if (error_.empty()) error_ = why;
    return false;
  }

  bool Indented(const Words& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    if (block_ == Block::kExpect) {
      vector_.expected += text + "\n";
      return true;
    }
    if (block_ != Block::kMemory) return Fail("indented line without a block");
    std::vector<uint32_t> dwords;
    const std::string why = oracle::Assemble(hw::GenerationOf(vector_.platform),
                                             vector_.workload.engine, text, &dwords);
    if (!why.empty()) return Fail(why);
    auto& block = code_[static_cast<size_t>(memory_space_)][memory_start_];
    vector_.memory.Write(memory_space_, memory_start_ + block.size() * 4, dwords);
    block.insert(block.end(), dwords.begin(), dwords.end());
    return true;
  }

  bool Keyword(const Words& words) {
    const std::string& key = words[0];
    if (key == "expect") return block_ = Block::kExpect, words.size() == 1;
    if (key == "policy") return ReadPolicy(words);
    if (words.size() < 2) return false;
    if (key == "platform") {
      const auto platform = hw::PlatformFromName(words[1]);
      if (platform) vector_.platform = *platform;
      return platform.has_value();
    }
    if (key == "engine") {
      const auto engine = hw::EngineFromName(words[1]);
      if (engine) vector_.workload.engine = *engine;
      return engine.has_value();
    }
    if (key == "walks") return Number32(words[1], &vector_.walks);
    if (key == "memory") {
      block_ = Block::kMemory;
      return words.size() == 3 && SpaceFrom(words[1], &memory_space_) &&
             Number(words[2], &memory_start_);
    }
    if (key == "after" || key == "changing") return ReadLater(words);
    if (key == "scan") return ReadScan(words);
    return ReadWorkload(words);
  }

  bool ReadPolicy(const Words& words) {
    scanner::Policy& policy = vector_.policy;
    if (words.size() == 2 && words[1] == "audit-only") return policy.audit_only = true;
    if (words.size() == 3) {
      const auto rule = scanner::RuleFromName(words[1]);
      const auto action = scanner::ActionFromName(words[2]);
      return rule && action && policy.Raise(*rule, *action);
    }
    if (words.size() != 4) return false;
    if (words[1] == "aperture" || words[1] == "hidden") {
      Range& range = words[1] == "aperture" ? policy.aperture : policy.hidden;
      return Number(words[2], &range.begin) && Number(words[3], &range.end);
    }
    uint32_t slot = 0;
    uint32_t value = 0;
    if (words[1] != "force-to-nonpriv" || !Number32(words[2], &slot) ||
        !Number32(words[3], &value) || slot >= hw::kNonPrivilegeSlotCount) {
      return false;
    }
    if (!policy.nonprivilege_slots) policy.nonprivilege_slots.emplace();
    policy.nonprivilege_slots->at(static_cast<size_t>(vector_.workload.engine)).at(slot) = value;
    return true;
  }

  // after N SPACE ADDRESS DWORD... | changing SPACE ADDRESS DWORD...
  bool ReadLater(const Words& words) {
    const size_t at = words[0] == "after" ? 2 : 1;
    LaterWrite write;
    if (words.size() < at + 3 || !SpaceFrom(words[at], &write.space) ||
        !Number(words[at + 1], &write.address) || !HexDwords(words, at + 2, &write.dwords)) {
      return false;
    }
    if (words[0] == "changing") {
      vector_.memory.SetChanging(write.space, write.address, write.dwords);
      return true;
    }
    if (!Number32(words[1], &write.after_segments)) return false;
    vector_.later.push_back(write);
    return true;
  }

  // scan KIND user|privileged SPACE ADDRESS [incomplete]
  bool ReadScan(const Words& words) {
    scanner::Segment segment;
    segment.engine = vector_.workload.engine;
    uint64_t start = 0;
    if (words.size() < 5 || !KindFrom(words[1], &segment.kind) ||
        !SpaceFrom(words[3], &segment.space) || !Number(words[4], &start)) {
      return false;
    }
    segment.privileged = words[2] == "privileged";
    segment.start = Gma(start);
    segment.complete = words.size() == 5;
    vector_.scan = segment;
    return true;
  }

  bool ReadWorkload(const Words& words) {
    scanner::Workload& workload = vector_.workload;
    uint64_t address = 0;
    if (words[0] == "batch") {
      scanner::BatchPart batch;
      if (words.size() != 3 || !SpaceFrom(words[1], &batch.space)) return false;
      if (!Number(words[2], &address)) return false;
      batch.start = Gma(address);
      workload.batch = batch;
      return true;
    }
    if (!Number(words[1], &address)) return false;
    std::map<std::string, uint32_t> options;
    for (size_t i = 2; i < words.size(); ++i) {
      const size_t equals = words[i].find('=');
      if (equals == std::string::npos) return false;
      if (!Number32(words[i].substr(equals + 1), &options[words[i].substr(0, equals)]))
        return false;
    }
    const scanner::BufferPart buffer{Gma(address), options["size"]};
    if (words[0] == "ring") {
      workload.ring = {buffer.start, buffer.size_bytes, options["head"], options["tail"]};
    } else if (words[0] == "per-context") {
      workload.per_context_batch = buffer.start;
    } else if (words[0] == "indirect") {
      workload.indirect_context = buffer;
    } else if (words[0] == "image") {
      workload.context_image = buffer;
    } else {
      return false;
    }
    return true;
  }

  VectorFile& vector_;
  Block block_ = Block::kNone;
  hw::AddressSpace memory_space_ = hw::AddressSpace::kPpgtt;
  uint64_t memory_start_ = 0;
  std::map<uint64_t, std::vector<uint32_t>> code_[2];  // index = AddressSpace; key = block's start
  std::string error_;
};

}  // namespace

bool ReadVectorFile(const std::filesystem::path& path, VectorFile* vector, std::string* error) {
  std::ifstream file(path);
  if (!file) return *error = "cannot open " + path.string(), false;
  Reader reader(vector);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (reader.Line(line)) continue;
    *error = path.filename().string() + ":" + std::to_string(number) + ": " + reader.error() +
             ": " + line;
    return false;
  }
  if (reader.Finish()) return true;
  *error = path.filename().string() + ": " + reader.error();
  return false;
}

}  // namespace gvt::vectors

// The changes of the index.
//
// Removal beside insertion: only the head of a chain is written by both. The remover exchanges it
// only if the table it removes is still in front; if not, there is a table before it by now, whose
// link is the remover's to write.
#include "shadow/table_index.h"

#include <algorithm>
#include <bit>

namespace gvt::shadow {
namespace {

// Two neighbourhoods.
constexpr unsigned kMinHeadBits = 6;

// More than eight heads a table.
constexpr unsigned HeadBits(uint32_t capacity) {
  return std::max(kMinHeadBits, static_cast<unsigned>(std::bit_width(capacity)) + 3);
}

}  // namespace

TableIndex::TableIndex(uint32_t capacity)
    : shift_(64 - HeadBits(capacity)),
      lines_(std::make_unique<Line[]>(head_count() / kHeadsOfLine)),
      nodes_(std::make_unique<Node[]>(capacity)) {
  for (size_t i = 0; i < head_count(); ++i) HeadAt(i).store(kNoTable);
}

TableId TableIndex::Insert(TableKey key, TableId table) {
  Head& head = HeadOf(key);
  Node& node = nodes_[table];
  node.key = key;
  TableId first = head.load(std::memory_order_seq_cst);
  do {
    for (TableId other = first; other != kNoTable;) {
      if (nodes_[other].key == key) return other;
      other = nodes_[other].next.load(std::memory_order_seq_cst);
    }
    node.next.store(first, std::memory_order_relaxed);
  } while (!head.compare_exchange_strong(first, table, std::memory_order_seq_cst));
  return table;
}

void TableIndex::Remove(TableId table) {
  Head& head = HeadOf(nodes_[table].key);
  const TableId behind = nodes_[table].next.load(std::memory_order_seq_cst);
  TableId former = table;
  if (head.compare_exchange_strong(former, behind, std::memory_order_seq_cst)) return;
  while (nodes_[former].next.load(std::memory_order_seq_cst) != table) {
    former = nodes_[former].next.load(std::memory_order_seq_cst);
    GVT_CHECK(former != kNoTable, "the remover keeps count of what it inserted and removed");
  }
  nodes_[former].next.store(behind, std::memory_order_seq_cst);
}

}  // namespace gvt::shadow

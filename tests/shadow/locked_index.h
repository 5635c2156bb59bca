// The naive twin of the shadow index: a map under a lock.
#pragma once

#include <map>
#include <mutex>

#include "shadow/table_index.h"

namespace gvt::shadow {

class LockedIndex {
 public:
  TableId Find(TableKey key) const {
    const std::lock_guard lock(lock_);
    const auto found = tables_.find(key.raw());
    return found == tables_.end() ? kNoTable : found->second;
  }
  TableId Insert(TableKey key, TableId table) {
    const std::lock_guard lock(lock_);
    return tables_.emplace(key.raw(), table).first->second;
  }
  void Remove(TableKey key) {
    const std::lock_guard lock(lock_);
    tables_.erase(key.raw());
  }
  size_t size() const {
    const std::lock_guard lock(lock_);
    return tables_.size();
  }

 private:
  mutable std::mutex lock_;
  std::map<uint64_t, TableId> tables_;
};

}  // namespace gvt::shadow

// A map from ids, which are counted numbers, to objects that it does not own. Cheaper than
// std::unordered_map: no allocation for each entry, and no division.
//
// Open addressing with linear probing. The entries of ids are spread by Fibonacci hashing, and at
// most half of the table is used, so a search sees very few of them.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sioserve {

template <typename Id, typename T>
class IdMap {
 public:
  // The id must not be in the map.
  void insert(Id id, T& object) {
    if (2 * (count_ + 1) > entries_.size()) grow();
    const std::size_t place = find_place(id);
    assert(entries_[place].object == nullptr);
    entries_[place] = {id, &object};
    ++count_;
  }

  // Null: there is none.
  T* find(Id id) const { return count_ == 0 ? nullptr : entries_[find_place(id)].object; }

  // No effect if the id is not in the map.
  void erase(Id id) {
    if (count_ == 0) return;
    std::size_t gap = find_place(id);
    if (entries_[gap].object == nullptr) return;
    --count_;
    // Fills the gap with a later entry whose search would end at the gap, and so on.
    for (std::size_t next = after(gap); entries_[next].object != nullptr; next = after(next)) {
      if (distance(first_place(entries_[next].id), next) < distance(gap, next)) continue;
      entries_[gap] = entries_[next];
      gap = next;
    }
    entries_[gap] = Entry();
  }

  std::size_t size() const { return count_; }

  // In no particular order. `visit` must not change the map.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Entry& entry : entries_) {
      if (entry.object != nullptr) visit(*entry.object);
    }
  }

 private:
  struct Entry {
    Id id{};
    T* object = nullptr;  // null: free
  };

  static constexpr std::size_t first_size = 16;

  // The upper bits of the product are the best.
  std::size_t first_place(Id id) const {
    constexpr std::uint64_t two_64_by_golden_ratio = 0x9e3779b97f4a7c15;
    return static_cast<std::size_t>((static_cast<std::uint64_t>(id) * two_64_by_golden_ratio) >>
                                    shift_);
  }
  std::size_t after(std::size_t place) const { return (place + 1) & (entries_.size() - 1); }
  std::size_t distance(std::size_t from, std::size_t to) const {
    return (to - from) & (entries_.size() - 1);
  }

  // That of the id, or the free one where it belongs.
  std::size_t find_place(Id id) const {
    std::size_t place = first_place(id);
    while (entries_[place].object != nullptr && entries_[place].id != id) place = after(place);
    return place;
  }

  void grow() {
    std::vector<Entry> old(entries_.empty() ? first_size : 2 * entries_.size());
    old.swap(entries_);
    shift_ = 64;
    for (std::size_t size = entries_.size(); size > 1; size /= 2) --shift_;
    for (const Entry& entry : old) {
      if (entry.object != nullptr) entries_[find_place(entry.id)] = entry;
    }
  }

  std::vector<Entry> entries_;  // their number is a power of two, or zero
  int shift_ = 64;
  std::size_t count_ = 0;
};

}  // namespace sioserve

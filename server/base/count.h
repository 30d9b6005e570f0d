// Counts objects: each holds a ticket, and returns it when it is destroyed. Lives on the I/O
// thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace sioserve {

// Outlives its tickets.
class Count {
  struct Return {
    void operator()(Count* count) const { --count->size_; }
  };

 public:
  using Ticket = std::unique_ptr<Count, Return>;

  Count() = default;
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;

  [[nodiscard]] Ticket take() {
    ++size_;
    return Ticket(this);
  }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};

// One count for each address. Outlives its tickets.
class AddressCounts {
  using Entries = std::unordered_map<std::string, std::size_t>;
  struct Return {
    AddressCounts* counts = nullptr;
    void operator()(Entries::value_type* entry) const {
      if (--entry->second == 0) counts->entries_.erase(counts->entries_.find(entry->first));
    }
  };

 public:
  using Ticket = std::unique_ptr<Entries::value_type, Return>;

  AddressCounts() = default;
  AddressCounts(const AddressCounts&) = delete;
  AddressCounts& operator=(const AddressCounts&) = delete;

  [[nodiscard]] Ticket take(const std::string& host) {
    const auto entry = entries_.try_emplace(host, 0).first;
    ++entry->second;
    return Ticket(&*entry, Return{this});
  }
  std::size_t size(const std::string& host) const {
    const auto entry = entries_.find(host);
    return entry == entries_.end() ? 0 : entry->second;
  }
  std::size_t addresses() const { return entries_.size(); }

 private:
  Entries entries_;
};

}  // namespace sioserve

#include "socketio/server/replay_log.h"

#include <cstddef>
#include <utility>

namespace sioserve::socketio {
namespace {

// The memory for an event in addition to its bytes, so that many small events are limited too.
constexpr std::size_t entry_overhead = 64;
// The capacity that is kept when the log is empty.
constexpr std::size_t kept_capacity = 16;

std::size_t cost(const ReplayLog::Entry& entry) { return entry->bytes + entry_overhead; }

}  // namespace

void ReplayLog::push(Entry entry) {
  bytes_ += cost(entry);
  entries_.push_back(std::move(entry));
  if (bytes_ <= capacity_) return;
  while (bytes_ > capacity_) pop();
  reclaim();
}

void ReplayLog::forget_through(parser::Offset offset) {
  while (head_ < entries_.size() && entries_[head_]->offset <= offset) pop();
  reclaim();
}

bool ReplayLog::can_resume(std::optional<parser::Offset> received) const {
  if (!received || *received < start_) return floor_ == start_;
  return *received >= floor_;
}

void ReplayLog::pop() {
  bytes_ -= cost(entries_[head_]);
  floor_ = entries_[head_]->offset;
  entries_[head_++].reset();
}

void ReplayLog::reclaim() {
  if (head_ == entries_.size()) {
    head_ = 0;
    if (entries_.capacity() > kept_capacity) {
      entries_ = {};
    } else {
      entries_.clear();
    }
  } else if (head_ > kept_capacity && head_ > entries_.size() / 2) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

}  // namespace sioserve::socketio

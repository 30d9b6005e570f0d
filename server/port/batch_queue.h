// A queue between two threads that hands over everything queued in one swap: one lock and one
// wake-up per batch, not per value.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace sioserve {

// Any thread may push; one thread takes. `wake` runs on the pushing thread, outside the lock,
// whenever the queue stops being empty; it must be callable from any thread.
template <typename T>
class BatchQueue {
 public:
  explicit BatchQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Returns how many values wait now, so that a producer can stop at its limit.
  std::size_t push(T value) {
    std::size_t waiting;
    {
      std::lock_guard lock(mutex_);
      values_.push_back(std::move(value));
      waiting = values_.size();
    }
    if (waiting == 1) wake_();
    return waiting;
  }

  // Moves all of `values`, which is empty afterwards. Otherwise as push().
  std::size_t push_all(std::vector<T>& values) {
    if (values.empty()) return 0;
    const std::size_t pushed = values.size();
    std::size_t waiting;
    {
      std::lock_guard lock(mutex_);
      if (values_.empty()) {
        values_.swap(values);
      } else {
        values_.insert(values_.end(), std::make_move_iterator(values.begin()),
                       std::make_move_iterator(values.end()));
      }
      waiting = values_.size();
    }
    values.clear();
    if (waiting == pushed) wake_();
    return waiting;
  }

  bool empty() const {
    std::lock_guard lock(mutex_);
    return values_.empty();
  }

  // Replaces `batch` by everything queued, oldest first, and returns how many that is. The
  // batch's old storage becomes the queue's, so that neither side allocates in a steady state.
  std::size_t take(std::vector<T>& batch) {
    batch.clear();
    std::lock_guard lock(mutex_);
    batch.swap(values_);
    return batch.size();
  }

 private:
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::vector<T> values_;
};

}  // namespace sioserve

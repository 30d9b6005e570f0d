// Flow control for data from a client: how much may be queued for the application.
#pragma once

#include <algorithm>
#include <cstddef>

namespace sioserve::application {

// Reading stops when `limit` bytes are queued and resumes when half of them have been taken, so
// that a stream does not stop and resume all the time. While the application's whole event queue is
// full, reading stops for every stream.
class ReceiveWindow {
 public:
  explicit ReceiveWindow(std::size_t limit) : limit_(limit) {}

  void arrived(std::size_t bytes) { waiting_ += bytes; }
  void taken(std::size_t bytes) { waiting_ -= std::min(bytes, waiting_); }
  void set_queue_full(bool full) { queue_full_ = full; }

  enum class Change { none, pause, resume };

  // Returns whether to read the socket now; the caller must do that.
  Change update() {
    const bool should_pause = queue_full_ || waiting_ >= (paused_ ? (limit_ + 1) / 2 : limit_);
    if (should_pause == paused_) return Change::none;
    paused_ = should_pause;
    return paused_ ? Change::pause : Change::resume;
  }

 private:
  std::size_t limit_;
  std::size_t waiting_ = 0;
  bool queue_full_ = false;
  bool paused_ = false;
};

}  // namespace sioserve::application

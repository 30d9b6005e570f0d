// Tells the application how much of what it sent has left for the client.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

namespace sioserve::application {

// Credits are given in steps of a quarter of the window, so a small response causes none, and an
// application that waits with a full window is always woken.
class SendCreditCounter {
 public:
  explicit SendCreditCounter(std::size_t window) : step_(std::max<std::size_t>(window / 4, 1)) {}

  void sent(std::size_t bytes) { uncredited_ += bytes; }

  // `buffered`: bytes that the kernel has not taken yet, framing included.
  std::optional<std::size_t> credit(std::size_t buffered) {
    const std::size_t gone = uncredited_ - std::min(uncredited_, buffered);
    if (gone < step_) return std::nullopt;
    uncredited_ -= gone;
    return gone;
  }

 private:
  std::size_t step_;
  std::size_t uncredited_ = 0;
};

}  // namespace sioserve::application

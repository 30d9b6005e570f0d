// Reports to the application how many bytes of its output the kernel has taken.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "server/port/send_window.h"

namespace sioserve::application {

// Credits are given in steps (send_window.h), so that an application that waits with a full window
// is always woken.
class SendCreditCounter {
 public:
  explicit SendCreditCounter(SendWindow window) : step_(window.step()) {}

  void sent(std::size_t bytes) { uncredited_ += bytes; }

  // `buffered`: bytes that the kernel has not taken yet, including framing.
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

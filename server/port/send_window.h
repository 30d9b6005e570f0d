// Flow control for the output of a stream. Both sides of the port use it: the application's side
// stops sending when the window is full, the I/O thread reports sent bytes in steps that always
// free space.
#pragma once

#include <algorithm>
#include <cstddef>

namespace sioserve {

class SendWindow {
 public:
  explicit SendWindow(std::size_t bytes) : bytes_(bytes) {}

  // `in_flight`: bytes sent by the application and not yet reported as written.
  bool has_space(std::size_t in_flight) const { return in_flight <= bytes_; }
  // Written bytes are reported in steps of this many, so that a small response causes no message.
  std::size_t step() const { return std::max<std::size_t>(bytes_ / 4, 1); }

 private:
  std::size_t bytes_;
};

}  // namespace sioserve

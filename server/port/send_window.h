// How much of what the application sends on a stream may be on its way to the client. Both sides of
// the port go by it: the application's side stops sending where there is no room, the I/O side
// tells what has left in steps that are sure to make room.
#pragma once

#include <algorithm>
#include <cstddef>

namespace sioserve {

class SendWindow {
 public:
  explicit SendWindow(std::size_t bytes) : bytes_(bytes) {}

  // `in_flight`: bytes sent and not yet told to have left.
  bool has_room(std::size_t in_flight) const { return in_flight <= bytes_; }
  // What has left is told from this size on, so that a small response causes no message.
  std::size_t step() const { return std::max<std::size_t>(bytes_ / 4, 1); }

 private:
  std::size_t bytes_;
};

}  // namespace sioserve

// The events of one socket that the application has in hand: how many they are, and how many bytes
// were received for them. They are done in the order in which they came, as far as that is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>

namespace sioserve::socketio {

class InFlight {
 public:
  struct Amount {
    std::size_t events = 0;
    std::size_t bytes = 0;
  };

  void add(std::size_t bytes);
  // The oldest so many events, or as many as there are; returns what that was.
  Amount take(std::size_t events);
  Amount total() const { return {std::size_t(added_ - done_), bytes_}; }

 private:
  struct Large {
    std::uint64_t number;
    std::size_t bytes;
  };

  std::uint64_t added_ = 0;
  std::uint64_t done_ = 0;
  std::size_t bytes_ = 0;
  std::list<Large> large_;  // the others are bounded by their number
};

}  // namespace sioserve::socketio

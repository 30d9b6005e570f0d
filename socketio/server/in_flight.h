// The events of one socket that the application has not handled yet: their number and their
// received bytes. They are assumed to be handled in the order in which they came.
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
  // Removes the oldest `events`, or all if there are fewer; returns the removed amount.
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
  std::list<Large> large_;  // small events are limited by their number
};

}  // namespace sioserve::socketio

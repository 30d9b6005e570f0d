#include "socketio/server/in_flight.h"

#include <algorithm>

namespace sioserve::socketio {
namespace {

// The bytes of smaller events are not counted, which saves memory for each event.
constexpr std::size_t large = 1024;

}  // namespace

void InFlight::add(std::size_t bytes) {
  const std::uint64_t number = added_++;
  if (bytes < large) return;
  bytes_ += bytes;
  large_.push_back({number, bytes});
}

InFlight::Amount InFlight::take(std::size_t events) {
  const Amount before = total();
  done_ += std::min(events, before.events);
  while (!large_.empty() && large_.front().number < done_) {
    bytes_ -= large_.front().bytes;
    large_.pop_front();
  }
  return {before.events - total().events, before.bytes - bytes_};
}

}  // namespace sioserve::socketio

// Native relays: events of a client that the I/O thread forwards to other clients.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sioserve {

// What happens to an event for a client that cannot receive it now: it is queued, or it is dropped
// (volatile, in Socket.IO's terms).
enum class Delivery { reliable, droppable };

struct Relay {
  enum class To { own_rooms, name_space, rooms };
  enum class Sender { left_out, included };

  To to = To::own_rooms;
  std::vector<std::string> rooms;  // for To::rooms
  Delivery delivery = Delivery::reliable;
  Sender sender = Sender::left_out;
  std::size_t max_bytes = 0;  // of the event's JSON and attachments; 0: no limit
  std::size_t rate = 0;       // events per second of one socket; 0: no limit
};

// The key is the name of the event.
using Relays = std::map<std::string, Relay, std::less<>>;

}  // namespace sioserve

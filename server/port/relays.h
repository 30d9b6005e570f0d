// Native relays: the events of a client that the I/O thread forwards to other clients by itself.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sioserve {

// What becomes of an event for a client that cannot take it now: it waits, or it is dropped
// (Socket.IO calls that volatile).
enum class Delivery { reliable, droppable };

struct Relay {
  enum class To { own_rooms, name_space, rooms };
  enum class Sender { left_out, included };

  To to = To::own_rooms;
  std::vector<std::string> rooms;  // for To::rooms
  Delivery delivery = Delivery::reliable;
  Sender sender = Sender::left_out;
  std::size_t max_bytes = 0;  // of the JSON with the event's name, and attachments; 0: no limit
  std::size_t rate = 0;       // events per second of one socket; 0: no limit
};

// By event.
using Relays = std::map<std::string, Relay, std::less<>>;

}  // namespace sioserve

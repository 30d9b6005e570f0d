// The arguments of the load generator; main.cc explains them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace load {

struct Options {
  std::string scenario;
  std::vector<std::uint16_t> ports;
  std::size_t clients = 0;
  std::size_t in_flight = 1;
  double seconds = 0;
  std::vector<std::string> servers;  // process ids

  double warm = 1;            // seconds before anything is counted
  std::size_t payload = 16;   // characters of an event's argument
  std::size_t members = 0;    // clients of a room; 0: no rooms
  double rate = 0;            // events per second of an open loop
  std::string event = "ack";  // of an open loop: ack, all, relay
  double burn = 0;            // seconds for which one event occupies a handler; 0: none
  std::size_t count = 0;      // connections after which `connects` ends; 0: no limit

  std::string name_space;  // of idle clients, "/chat"; "" for the main one

  // The room of a client, as a name.
  std::string room_of(std::size_t client) const;
};

// Ends the program if they are wrong.
Options parse_options(int count, char** arguments);

}  // namespace load

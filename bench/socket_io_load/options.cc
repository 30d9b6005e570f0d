#include "bench/socket_io_load/options.h"

#include <cstdlib>
#include <sstream>

#include "bench/socket_io_load/fail.h"

namespace load {
namespace {

std::vector<std::string> divided(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  if (parts.empty()) fail("an argument is empty");
  return parts;
}

std::size_t whole(const char* text) { return std::strtoul(text, nullptr, 10); }

void set(Options& options, const std::string& name, const char* value) {
  if (name == "--warm") {
    options.warm = std::atof(value);
  } else if (name == "--payload") {
    options.payload = whole(value);
  } else if (name == "--members") {
    options.members = whole(value);
  } else if (name == "--rate") {
    options.rate = std::atof(value);
  } else if (name == "--event") {
    options.event = value;
  } else if (name == "--burn") {
    options.burn = std::atof(value);
  } else if (name == "--namespace") {
    options.name_space = value;
  } else if (name == "--count") {
    options.count = whole(value);
  } else {
    fail("no option " + name);
  }
}

}  // namespace

std::string Options::room_of(std::size_t client) const {
  return "r" + std::to_string(members == 0 ? 0 : client / members);
}

Options parse_options(int count, char** arguments) {
  if (count < 7 || count % 2 == 0) {
    fail("arguments: SCENARIO PORT CLIENTS IN_FLIGHT SECONDS SERVER [--OPTION VALUE]...");
  }
  Options options;
  options.scenario = arguments[1];
  for (const std::string& port : divided(arguments[2])) {
    options.ports.push_back(static_cast<std::uint16_t>(std::atoi(port.c_str())));
  }
  options.clients = whole(arguments[3]);
  options.in_flight = whole(arguments[4]);
  options.seconds = std::atof(arguments[5]);
  options.servers = divided(arguments[6]);
  for (int i = 7; i + 1 < count; i += 2) set(options, arguments[i], arguments[i + 1]);
  if (options.clients == 0) fail("no clients");
  if (options.payload < 16) fail("a payload has at least 16 characters");
  return options;
}

}  // namespace load

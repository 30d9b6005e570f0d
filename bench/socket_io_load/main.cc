// A load generator for Socket.IO servers: clients in one thread.
//
//   socketio_load SCENARIO PORT CLIENTS IN_FLIGHT SECONDS SERVER [--OPTION VALUE]...
//
// Closed loops, with IN_FLIGHT events under way:
//   acks            events "echo" with acknowledgements, from each client
//   polling_acks    the same from clients that poll
//   broadcast       one client sends "all", which the server emits to all clients as "news"
//   rooms           "room", which the server emits to one room as "news", one room after another
//   relay           "move" in the namespace /relay: in each room, one client's events go to the
//   others connects        CLIENTS at once: handshake, CONNECT, disconnect upgrades        the same
//   by polling, with an upgrade to a WebSocket
// Open loops, with percentiles of the latency in milliseconds:
//   paced           --rate events per second of the kind --event ack|all|relay
//   heartbeats      how late pings are
// Others:
//   idle            connects the clients, prints a line, and answers pings until the end of its
//   input
//
// --payload BYTES (16) of an event; --members CLIENTS of a room; --warm SECONDS (1), which are not
// counted; --burn SECONDS: one more client sends "burn", which occupies a handler for this time,
// again and again; --count CONNECTIONS after which connects ends; --namespace NAME of idle clients.
//
// PORT and SERVER may be lists, "8001,8002": the clients are divided evenly among the servers of a
// cluster, and broadcasts are sent to the first one.
//
// Prints JSON: {"count": ..., "seconds": ..., "cpu": ..., "user": ...}; "cpu" is the CPU time of
// the servers, which are process ids, and their children, in seconds, and "user" the part of it
// that is not the kernel's.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <map>
#include <string>

#include "bench/socket_io_load/fail.h"
#include "bench/socket_io_load/scenarios.h"

namespace load {
namespace {

using Make = std::unique_ptr<Runner> (*)(Options);

const std::map<std::string, Make> scenarios = {
    {"acks", acks},   {"polling_acks", polling_acks}, {"broadcast", broadcast}, {"rooms", rooms},
    {"relay", relay}, {"connects", connects},         {"upgrades", upgrades},   {"idle", idle},
    {"paced", paced}, {"heartbeats", heartbeats},
};

void allow_many_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int count, char** arguments) {
  allow_many_files();
  ::prctl(PR_SET_TIMERSLACK, 1);  // open loops keep their schedule
  const Options options = parse_options(count, arguments);
  const auto found = scenarios.find(options.scenario);
  if (found == scenarios.end()) fail("no scenario " + options.scenario);
  found->second(options)->run();
  return 0;
}

}  // namespace
}  // namespace load

int main(int count, char** arguments) { return load::run(count, arguments); }

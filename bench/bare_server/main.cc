// The limit for benchmarks: what one core can do if a server does next to nothing.
//
//   bare_server PORT              Socket.IO
//   bare_server PORT NAME         instead, what the application of this name does: hello of
//                                 bench/hello_app.py; large, echo_body, echo_messages or broadcast
//                                 of bench/web_app.py
//
// One thread, one epoll, no library. It knows only what the load generators send. Each read is
// answered with one send().
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "bench/bare_server/socket_io.h"
#include "bench/bare_server/web.h"

namespace {

// As in the applications.
constexpr std::size_t hello_size = 10;
constexpr std::size_t large_size = 10 * 1024;

void allow_many_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// nullptr if there is none of this name.
std::unique_ptr<bare::EpollServer> server_of(std::string_view name, std::uint16_t port) {
  if (name == "socket_io") return std::make_unique<bare::SocketIOServer>(port);
  if (name == "hello") return std::make_unique<bare::FixedResponses>(port, hello_size);
  if (name == "large") return std::make_unique<bare::FixedResponses>(port, large_size);
  if (name == "echo_body") return std::make_unique<bare::BodyEcho>(port);
  if (name == "echo_messages") return std::make_unique<bare::MessageEcho>(port);
  if (name == "broadcast") return std::make_unique<bare::MessageBroadcast>(port);
  return nullptr;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2 && count != 3) {
    std::fprintf(stderr, "arguments: PORT [NAME]\n");
    return 2;
  }
  allow_many_files();
  const std::string_view name = count == 3 ? arguments[2] : "socket_io";
  const auto server = server_of(name, static_cast<std::uint16_t>(std::atoi(arguments[1])));
  if (server == nullptr) {
    std::fprintf(stderr, "there is no server %s\n", arguments[2]);
    return 2;
  }
  server->run();
}

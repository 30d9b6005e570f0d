// Clients that only answer pings, until the end of the program's input.
#include <sys/epoll.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "bench/socket_io_load/scenarios.h"
#include "bench/socket_io_load/websocket_load.h"

namespace load {
namespace {

// The standard input.
class Input final : public Watcher {
 public:
  explicit Input(int epoll) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = static_cast<Watcher*>(this);
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
  }
  bool ended() const { return ended_; }
  void on_ready(std::uint32_t) override {
    char bytes[64];
    if (::read(STDIN_FILENO, bytes, sizeof bytes) <= 0) ended_ = true;
  }

 private:
  bool ended_ = false;
};

class Idle final : public WebSocketLoad {
 public:
  using WebSocketLoad::WebSocketLoad;

  void run() override {
    connect_all();
    std::printf("{\"connected\": %zu}\n", connections_.size());
    std::fflush(stdout);
    const Input input(epoll_);
    turn_until([&input] { return input.ended(); }, Clock::time_point::max());
  }

 private:
  std::string connect_packet(std::size_t) const override {
    return options_.name_space.empty() ? "0" : "0" + options_.name_space + ",";
  }
  void begin() override {}
  void on_packet(Connection&, std::string_view) override {}
};

}  // namespace

std::unique_ptr<Runner> idle(Options options) { return std::make_unique<Idle>(std::move(options)); }

}  // namespace load

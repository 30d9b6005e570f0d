#include "server/net/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "server/net/socket_address.h"

namespace sioserve::net {
namespace {

// In each loop iteration, so that many new clients do not delay the others.
constexpr int max_accepts = 64;
constexpr Milliseconds pause_time{100};
// Between two log lines while connections can't be accepted.
constexpr Milliseconds report_interval{10'000};

}  // namespace

Listener::Listener(Loop& loop, ListeningSocket socket, AcceptHandler& handler)
    : loop_(loop),
      handler_(handler),
      socket_(std::move(socket)),
      pause_(loop, [this] { watch(); }) {
  auto poll = std::make_unique<uv_poll_t>();
  const int error = uv_poll_init(&loop.uv(), poll.get(), socket_.fd.get());
  if (error != 0) throw std::system_error(-error, std::generic_category(), "no listener");
  poll->data = this;
  poll_.reset(poll.release());
  watch();
}

void Listener::watch() {
  uv_poll_start(poll_.get(), UV_READABLE, [](uv_poll_t* poll, int, int) {
    static_cast<Listener*>(poll->data)->accept_waiting();
  });
}

void Listener::accept_waiting() {
  for (int i = 0; i < max_accepts; ++i) {
    sockaddr_storage client{};
    socklen_t size = sizeof(client);
    FileDescriptor socket(::accept4(socket_.fd.get(), reinterpret_cast<sockaddr*>(&client), &size,
                                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() >= 0) {
      Address server = local_address(socket.get());
      handler_.on_accept(std::move(socket),
                         {to_address(client), std::move(server), false, socket_.unix_path});
      continue;
    }
    switch (errno) {
      case EINTR:
      case ECONNABORTED:
      case EPROTO:
        continue;
      case EAGAIN:
        return;
      default:
        uv_poll_stop(poll_.get());
        pause_.start_once(pause_time);
        report_pause(errno);
        return;
    }
  }
}

void Listener::report_pause(int error) {
  if (loop_.now() < next_report_) return;
  next_report_ = loop_.now() + report_interval;
  handler_.on_accept_paused("cannot accept connections for now: " +
                            std::generic_category().message(error));
}

}  // namespace sioserve::net

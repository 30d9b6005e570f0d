#include "bench/socket_io_load/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bench/socket_io_load/fail.h"

namespace load {
namespace {

// The kernel takes long to find a free port once half of an address's ports are used, so that
// thousands of connections come from several addresses: 127.0.0.1, 127.0.0.2, ...
constexpr std::uint32_t addresses = 8, in_a_row = 1000;

void bind_to_next_address(int fd) {
  static std::uint32_t opened = 0;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + opened++ / in_a_row % addresses);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail(std::string("bind: ") + std::strerror(errno));
  }
}

}  // namespace

void Socket::open(int epoll, std::uint16_t port, Watcher& watcher) {
  epoll_ = epoll;
  watcher_ = &watcher;
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail(std::string("socket: ") + std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const linger reset{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  bind_to_next_address(fd_);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    fail(std::string("connect: ") + std::strerror(errno));
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = &watcher;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
  connecting_ = true;
  watches_writable_ = true;
  output_.clear();
}

void Socket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string_view Socket::on_ready(std::uint32_t events) {
  if (connecting_ && (events & (EPOLLOUT | EPOLLERR)) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) fail(std::string("connect: ") + std::strerror(error));
    connecting_ = false;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return {};
  return read();
}

std::string_view Socket::read() {
  static char buffer[256 * 1024];
  const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
  if (count == 0) fail("the server closed a connection");
  if (count < 0) {
    if (errno == EAGAIN) return {};
    fail(std::string("recv: ") + std::strerror(errno));
  }
  return {buffer, static_cast<std::size_t>(count)};
}

void Socket::flush() {
  if (connecting_ || fd_ < 0) return;
  while (!output_.empty()) {
    const ssize_t written = ::send(fd_, output_.data(), output_.size(), MSG_NOSIGNAL);
    if (written < 0) {
      if (errno != EAGAIN) fail(std::string("send: ") + std::strerror(errno));
      return watch(true);
    }
    output_.erase(0, static_cast<std::size_t>(written));
  }
  watch(false);
}

void Socket::watch(bool writable) {
  if (writable == watches_writable_) return;
  watches_writable_ = writable;
  epoll_event event{};
  event.events = writable ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = watcher_;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event);
}

}  // namespace load

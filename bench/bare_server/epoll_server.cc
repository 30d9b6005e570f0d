#include "bench/bare_server/epoll_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace bare {

void fail(const char* what) {
  std::fprintf(stderr, "bare_server: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

EpollServer::EpollServer(std::uint16_t port) : epoll_(::epoll_create1(0)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("bind");
  }
  if (::listen(listener_, 2048) != 0) fail("listen");
  watch(listener_, EPOLL_CTL_ADD, EPOLLIN);
}

void EpollServer::run() {
  epoll_event events[256];
  while (true) {
    const int count = ::epoll_wait(epoll_, events, 256, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener_) {
        accept();
      } else if (Client* client = client_of(fd)) {
        if ((events[i].events & EPOLLOUT) != 0) send(*client, {});
        if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(*client);
      }
    }
  }
}

void EpollServer::watch(int fd, int operation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(epoll_, operation, fd, &event);
}

Client* EpollServer::client_of(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  return index < clients_.size() ? clients_[index].get() : nullptr;
}

void EpollServer::accept() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto index = static_cast<std::size_t>(fd);
    if (index >= clients_.size()) clients_.resize(index + 1);
    clients_[index] = std::make_unique<Client>(fd);
    watch(fd, EPOLL_CTL_ADD, EPOLLIN);
  }
}

void EpollServer::close(Client& client) {
  on_close(client);
  const int fd = client.fd();
  clients_[static_cast<std::size_t>(fd)].reset();
  ::close(fd);
}

void EpollServer::read(Client& client) {
  static char buffer[256 * 1024];
  const ssize_t count = ::recv(client.fd(), buffer, sizeof buffer, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return close(client);
  std::string_view data(buffer, static_cast<std::size_t>(count));
  std::string whole;
  if (!client.input_.empty()) {
    whole = std::exchange(client.input_, {});
    whole += data;
    data = whole;
  }
  answer_.clear();
  data.remove_prefix(on_input(client, data, answer_));
  if (!data.empty()) client.input_ = data;
  if (!answer_.empty()) send(client, answer_);
}

void EpollServer::send(Client& client, std::string_view bytes) {
  std::string& unsent = client.unsent_;
  if (unsent.empty()) {
    const ssize_t sent = ::send(client.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(bytes.size())) return;
    if (sent < 0 && errno != EAGAIN) return;  // closed when it is read
    unsent = bytes.substr(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    return watch(client.fd(), EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
  }
  unsent += bytes;
  const ssize_t sent = ::send(client.fd(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
  if (sent > 0) unsent.erase(0, static_cast<std::size_t>(sent));
  if (unsent.empty()) watch(client.fd(), EPOLL_CTL_MOD, EPOLLIN);
}

}  // namespace bare

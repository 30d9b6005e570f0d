#include "bench/web_load/client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace load {
namespace {

constexpr std::string_view upgrade =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

[[noreturn]] void fail_call(const char* call) {
  fail(std::string(call) + ": " + std::strerror(errno));
}

}  // namespace

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

void Client::open(int epoll, std::uint16_t port) {
  epoll_ = epoll;
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail_call("socket");
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const linger reset{1, 0};  // no TIME_WAIT: there are many connections
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    fail_call("connect");
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = this;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
  watches_writable_ = true;
}

void Client::on_ready(std::uint32_t events) {
  if (state_ == State::connecting) {
    if ((events & (EPOLLOUT | EPOLLERR)) == 0) return;
    on_connected();
  }
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
}

void Client::on_connected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) fail(std::string("connect: ") + std::strerror(error));
  if (protocol_ == Protocol::websocket) {
    state_ = State::handshake;
    reader_ = std::make_unique<MessageReader>();
    return send(upgrade);
  }
  state_ = State::open;
  reader_ = std::make_unique<ResponseReader>();
  scenario_.on_open(*this);
}

void Client::read() {
  static char buffer[256 * 1024];
  const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
  if (count == 0) fail("the server closed a connection");
  if (count < 0) {
    if (errno == EAGAIN) return;
    fail_call("recv");
  }
  std::string_view data(buffer, static_cast<std::size_t>(count));
  if (state_ == State::handshake) data = after_handshake(data);
  while (!data.empty()) {
    data.remove_prefix(reader_->take(data));
    if (reader_->complete()) scenario_.on_answer(*this, reader_->size());
  }
}

// What comes after the response to the handshake; empty until that is complete.
std::string_view Client::after_handshake(std::string_view data) {
  const std::size_t before = handshake_.size();
  handshake_ += data;
  const auto end = handshake_.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  if (!handshake_.starts_with("HTTP/1.1 101")) fail("no handshake: " + handshake_.substr(0, 200));
  const std::size_t used = end + 4 - before;
  handshake_ = {};
  state_ = State::open;
  scenario_.on_open(*this);
  return data.substr(used);
}

void Client::send(std::string_view bytes) {
  output_ += bytes;
  flush();
}

void Client::flush() {
  std::size_t done = 0;
  while (done < output_.size()) {
    const ssize_t written = ::send(fd_, output_.data() + done, output_.size() - done, MSG_NOSIGNAL);
    if (written < 0) {
      if (errno != EAGAIN) fail_call("send");
      break;
    }
    done += static_cast<std::size_t>(written);
  }
  output_.erase(0, done);
  watch_writable(!output_.empty());
}

void Client::watch_writable(bool wanted) {
  if (wanted == watches_writable_) return;
  watches_writable_ = wanted;
  epoll_event event{};
  event.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = this;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event);
}

std::string frame(std::string_view text) {
  std::string bytes("\x81", 1);
  if (text.size() < 126) {
    bytes += static_cast<char>(0x80 | text.size());
  } else {
    const int extra = text.size() < 0x10000 ? 2 : 8;
    bytes += static_cast<char>(0x80 | (extra == 2 ? 126 : 127));
    for (int i = extra - 1; i >= 0; --i) bytes += static_cast<char>(text.size() >> (8 * i) & 0xff);
  }
  bytes.append(4, '\0');
  bytes += text;
  return bytes;
}

}  // namespace load

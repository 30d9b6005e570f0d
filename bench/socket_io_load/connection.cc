#include "bench/socket_io_load/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace load {
namespace {

constexpr unsigned char text_opcode = 1, close_opcode = 8, ping_opcode = 9, pong_opcode = 10;

std::string frame_of(unsigned char opcode, std::string_view payload) {
  std::string out(1, static_cast<char>(0x80 | opcode));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    if (payload.size() > 65'535) fail("a payload is too large");
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  }
  out.append(4, '\0');
  out += payload;
  return out;
}

std::size_t number_at(std::string_view bytes, std::size_t count) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    number = number << 8 | static_cast<unsigned char>(bytes[2 + i]);
  }
  return number;
}

}  // namespace

void fail(const std::string& message) {
  std::fprintf(stderr, "socketio_load: %s\n", message.c_str());
  std::exit(1);
}

std::string frame(std::string_view packet) {
  return frame_of(text_opcode, "4" + std::string(packet));
}

void Connection::open(int epoll, std::uint16_t port, std::string_view path) {
  epoll_ = epoll;
  port_ = port;
  path_ = path;
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail(std::string("socket: ") + std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const linger reset{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
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
  event.data.ptr = this;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
  watches_writable_ = true;
  state_ = State::connecting;
  input_.clear();
  output_ = "GET " + path_ +
            "?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
            "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

void Connection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = State::closed;
}

void Connection::on_ready(std::uint32_t events) {
  if (state_ == State::connecting && (events & (EPOLLOUT | EPOLLERR)) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) fail(std::string("connect: ") + std::strerror(error));
    state_ = State::handshake;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
  if (state_ != State::closed) flush();
}

void Connection::flush() {
  if (state_ == State::connecting) return;
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

void Connection::watch(bool writable) {
  if (writable == watches_writable_) return;
  watches_writable_ = writable;
  epoll_event event{};
  event.events = writable ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = this;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event);
}

void Connection::read() {
  static char buffer[256 * 1024];
  const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
  if (count == 0) fail("the server closed a connection");
  if (count < 0) {
    if (errno == EAGAIN) return;
    fail(std::string("recv: ") + std::strerror(errno));
  }
  std::string_view data(buffer, static_cast<std::size_t>(count));
  if (state_ == State::handshake) {
    input_ += data;
    const auto end = input_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    if (!input_.starts_with("HTTP/1.1 101")) fail("no handshake: " + input_.substr(0, 200));
    input_.erase(0, end + 4);
    state_ = State::opening;
    data = {};
  }
  if (input_.empty()) {
    const std::size_t used = read_frames(data);
    if (state_ != State::closed) input_.assign(data.substr(used));
    return;
  }
  std::string whole = std::exchange(input_, {});
  whole += data;
  const std::size_t used = read_frames(whole);
  if (state_ != State::closed) input_ = whole.substr(used);
}

std::size_t Connection::read_frames(std::string_view data) {
  std::size_t used = 0;
  while (state_ != State::closed && data.size() - used >= 2) {
    const std::string_view rest = data.substr(used);
    std::size_t size = static_cast<unsigned char>(rest[1]) & 0x7f;
    std::size_t head = 2;
    if (size >= 126) {
      const std::size_t extra = size == 126 ? 2 : 8;
      head += extra;
      if (rest.size() < head) break;
      size = number_at(rest, extra);
    }
    if (rest.size() < head + size) break;
    on_frame(static_cast<unsigned char>(rest[0]) & 0x0f, rest.substr(head, size));
    used += head + size;
  }
  return used;
}

void Connection::on_frame(unsigned char opcode, std::string_view payload) {
  if (opcode == text_opcode) return on_text(payload);
  if (opcode == ping_opcode) return send(frame_of(pong_opcode, payload));
  if (opcode == close_opcode) fail("the server closed a WebSocket");
}

void Connection::on_text(std::string_view text) {
  if (text == "2") return send(frame_of(text_opcode, "3"));
  switch (state_) {
    case State::connected:
      return scenario_.on_packet(*this, text.substr(1));
    case State::opening:
      if (!text.starts_with('0')) fail("no open packet: " + std::string(text));
      state_ = State::joining;
      return send(frame("0"));
    case State::joining:
      if (!text.starts_with("40")) fail("CONNECT was refused: " + std::string(text));
      state_ = State::connected;
      return scenario_.on_connected(*this);
    case State::closed:
    case State::connecting:
    case State::handshake:
      return;
  }
}

}  // namespace load

#include "bench/socket_io_load/connection.h"

#include <cstdlib>
#include <utility>

#include "bench/socket_io_load/fail.h"

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

std::string frame(std::string_view packet) {
  return frame_of(text_opcode, "4" + std::string(packet));
}

void Connection::open(int epoll, std::uint16_t port, std::string connect) {
  connect_ = std::move(connect);
  probes_ = false;
  start(epoll, port, "");
}

void Connection::open_probe(int epoll, std::uint16_t port, std::string_view sid) {
  probes_ = true;
  start(epoll, port, "&sid=" + std::string(sid));
}

void Connection::start(int epoll, std::uint16_t port, std::string_view query) {
  socket_.open(epoll, port, *this);
  state_ = State::handshake;
  input_.clear();
  socket_.send("GET /socket.io/?EIO=4&transport=websocket" + std::string(query) +
               " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
               "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
}

void Connection::close() {
  socket_.close();
  state_ = State::closed;
}

void Connection::upgrade() {
  send(frame_of(text_opcode, "5"));
  state_ = State::connected;
}

void Connection::on_ready(std::uint32_t events) {
  const std::string_view data = socket_.on_ready(events);
  if (!data.empty()) take(data);
  socket_.flush();
}

void Connection::take(std::string_view data) {
  if (state_ == State::handshake) {
    input_ += data;
    const auto end = input_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    if (!input_.starts_with("HTTP/1.1 101")) fail("no handshake: " + input_.substr(0, 200));
    input_.erase(0, end + 4);
    state_ = probes_ ? State::probing : State::opening;
    if (probes_) send(frame_of(text_opcode, "2probe"));
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
  if (text == "2") {
    send(frame_of(text_opcode, "3"));
    return scenario_.on_ping(*this);
  }
  switch (state_) {
    case State::connected:
      if (text.starts_with('4')) scenario_.on_packet(*this, text.substr(1));
      return;
    case State::opening:
      on_open_packet(text);
      state_ = State::joining;
      return send(frame(connect_));
    case State::joining:
      // Events may come before the answer, for example from a broadcast to a room.
      if (text.starts_with("44")) fail("CONNECT was refused: " + std::string(text));
      if (!text.starts_with("40")) return;
      state_ = State::connected;
      return scenario_.on_connected(*this);
    case State::probing:
      if (text != "3probe") fail("no answer to the probe: " + std::string(text));
      return scenario_.on_connected(*this);
    case State::closed:
    case State::handshake:
      return;
  }
}

void Connection::on_open_packet(std::string_view text) {
  if (!text.starts_with('0')) fail("no open packet: " + std::string(text));
  constexpr std::string_view key = "\"pingInterval\":";
  const auto found = text.find(key);
  if (found == std::string_view::npos) return;
  ping_interval_ = std::strtoul(std::string(text.substr(found + key.size())).c_str(), nullptr, 10);
}

}  // namespace load

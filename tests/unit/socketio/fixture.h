// A Socket.IO server with sessions on fake WebSockets.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/base/json.h"
#include "server/port/event_sink.h"
#include "socketio/parser/json_tree.h"
#include "socketio/server/server.h"
#include "tests/unit/engine/fakes.h"

namespace sioserve::socketio {

// A value that a client has sent, with bytes instead of attachments.
inline Json tree(const ReceivedValue& value) { return parser::to_tree(value); }

class FakeSink final : public EventSink {
 public:
  void push(Event event) override { events.push_back(std::move(event)); }
  bool full(StreamId) const override { return is_full; }
  bool log_lines_full() const override { return is_full; }

  // All events of one type so far, in order.
  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Event& event : events) {
      if (const T* value = get_message<T>(event)) found.push_back(*value);
    }
    return found;
  }

  std::vector<Event> events;
  bool is_full = false;
};

// The members are in the order that their destruction requires.
struct Peer {
  engine::FakeHost host;
  engine::FakeWebSocket socket;
  std::unique_ptr<engine::Session> session;

  void receive(std::string message) {
    session->receive_websocket(socket, MessageKind::text, "4" + std::move(message));
  }
  void receive_binary(std::string bytes) {
    session->receive_websocket(socket, MessageKind::binary, std::move(bytes));
  }
  void receive_packet(bool is_text, std::string packet) {
    is_text ? receive(std::move(packet)) : receive_binary(std::move(packet));
  }
  std::vector<std::string> take() { return std::exchange(socket.sent, {}); }
};

struct ServerFixture {
  Config config;
  std::vector<LogRecord> warnings;
  Logger logger{[this](LogRecord record) { warnings.push_back(std::move(record)); }};
  Counters counters;
  Limits limits{config, counters, logger};
  FakeSink sink;
  std::unique_ptr<Server> server;
  std::vector<std::unique_ptr<Peer>> peers;
  std::uint64_t last_session = 100;
  const engine::Framing* framing = &engine::framing_v4();

  ServerFixture() {
    config.namespaces = {"/", "/chat"};
    restart();
  }

  void restart() {
    peers.clear();
    server = std::make_unique<Server>(config, sink, logger, limits);
  }

  enum class Origin { native, application };
  Peer& open(Origin origin = Origin::native) {
    Peer& peer = *peers.emplace_back(std::make_unique<Peer>());
    const SessionId id{++last_session};
    peer.session =
        std::make_unique<engine::Session>(id, "sid", *framing, config, peer.host, logger, limits);
    std::optional<SessionOpened> opened;
    if (origin == Origin::native)
      opened = SessionOpened{id, std::make_shared<RequestHead>(), std::make_shared<Endpoints>()};
    peer.session->start(server->make_observer(*peer.session, std::move(opened)));
    peer.session->open_websocket(peer.socket);
    peer.take();
    return peer;
  }

  // The socket of the latest SocketConnect.
  SocketId latest_socket() const { return sink.all<SocketConnect>().back().socket; }

  SocketId join_namespace(Peer& peer, const std::string& name_space = "/") {
    peer.receive(name_space == "/" ? "0" : "0" + name_space + ",");
    const SocketId socket = latest_socket();
    server->handle(SocketAccept{socket});
    peer.take();
    return socket;
  }

  // The id that the client sees.
  std::string public_id(SocketId socket) const {
    for (const SocketConnect& event : sink.all<SocketConnect>()) {
      if (event.socket == socket) return event.id;
    }
    return {};
  }

  template <typename Asked>
  typename Asked::Answer ask(Asked question) {
    return std::get<typename Asked::Answer>(server->answer(Question(std::move(question))));
  }

  void emit(SocketId socket, std::string json) {
    server->handle(SocketEmit{socket, {std::move(json), {}}, std::nullopt});
  }
  void broadcast(std::string json, std::vector<std::string> rooms = {},
                 std::vector<SocketId> except = {}) {
    std::vector<std::string> except_rooms;
    for (const SocketId socket : except) except_rooms.push_back(public_id(socket));
    server->handle(
        SocketBroadcast{"/", std::move(rooms), std::move(except_rooms), {std::move(json), {}}});
  }
};

}  // namespace sioserve::socketio

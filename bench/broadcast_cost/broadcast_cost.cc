// Broadcasts to clients whose WebSockets accept everything and do nothing: the cost of a broadcast
// from the application's command to the call of WebSocketTransport::send(), without sockets.
//
//   broadcast_cost CLIENTS BROADCASTS
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/port/event_sink.h"
#include "socketio/server/server.h"

namespace {

using namespace sioserve;

class Sink final : public EventSink {
 public:
  void push(Event event) override {
    const auto* group = std::get_if<SocketIoEvent>(&event);
    if (!group) return;
    if (const auto* connect = std::get_if<SocketConnect>(group)) latest = connect->socket;
  }
  bool full(StreamId) const override { return false; }
  bool log_lines_full() const override { return false; }

  SocketId latest{};
};

class Host final : public engine::SessionHost {
 public:
  TimePoint now() const override { return TimePoint{}; }
  void schedule(engine::Session&, TimePoint) override {}
  void session_ended(engine::Session&) override {}
  engine::QueuedTotal& queued_total() override { return total_; }

 private:
  engine::QueuedTotal total_{0};
};

class NullWebSocket final : public engine::WebSocketTransport {
 public:
  void send(MessageKind, const SharedBytes& bytes, Compression) override { taken += bytes->size(); }
  std::size_t buffered() const override { return 0; }
  void pause_reading() override {}
  void resume_reading() override {}
  void close(std::uint16_t) override {}
  void abort() override {}

  std::size_t taken = 0;
};

struct Client {
  NullWebSocket websocket;
  std::unique_ptr<engine::Session> session;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: broadcast_cost CLIENTS BROADCASTS\n");
    return 2;
  }
  const int client_count = std::atoi(argv[1]);
  const int broadcasts = std::atoi(argv[2]);
  Config config;
  Logger logger([](LogRecord) {});
  Counters counters;
  Limits limits(config, counters, logger);
  Sink sink;
  Host host;
  socketio::Server server(config, sink, logger, limits);
  std::vector<Client> clients(static_cast<std::size_t>(client_count));
  std::uint64_t number = 0;
  for (Client& client : clients) {
    const SessionId id{++number};
    client.session = std::make_unique<engine::Session>(id, "sid", engine::framing_v4(), config,
                                                       host, logger, limits);
    client.session->start(server.make_observer(*client.session, std::nullopt));
    client.session->open_websocket(client.websocket);
    client.session->receive_websocket(client.websocket, MessageKind::text, "40");
    server.handle(SocketAccept{sink.latest, {}});
  }
  for (int i = 0; i < broadcasts; ++i) {
    server.handle(SocketBroadcast{"/", {}, {}, {R"(["news",{"number":12345}])", {}}});
  }
  std::size_t taken = 0;
  for (const Client& client : clients) taken += client.websocket.taken;
  std::printf("%zu bytes\n", taken);
}

// Engine.IO with its Socket.IO server, on requests and WebSockets without a network.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/transport/engine_io.h"

namespace sioserve::transport {

using connection::BodyPart;

inline RequestHead make_head(std::string method, std::string path, std::string query,
                             HeaderBlock headers = {}) {
  return {std::move(method), path, path, std::move(query), "1.1", std::move(headers)};
}

class FakeExchange final : public connection::Exchange {
 public:
  explicit FakeExchange(RequestHead request) : head_(std::move(request)) {}

  const RequestHead& head() const override { return head_; }
  SharedRequestHead share_head() const override {
    return std::make_shared<const RequestHead>(head_);
  }
  const SharedEndpoints& endpoints() const override { return endpoints_; }
  void respond(ResponseHead&& response, std::string&& content, BodyPart) override {
    ++responses;
    status = response.status;
    headers = std::move(response.headers);
    body = std::move(content);
  }
  void send_body(std::string, BodyPart) override {}
  void send_file(FilePart, BodyPart) override {}
  void send_trailers(const Headers&) override {}
  void send_early_hints(const std::vector<std::string>&) override {}
  void fail_with(std::uint16_t) override { failed = true; }
  void abort() override { failed = true; }
  std::size_t buffered() const override { return 0; }
  void want_body() override { wanted = true; }
  void pause_body() override {}
  void resume_body() override {}
  void respond_within(Milliseconds) override {}

  std::string header(std::string_view name) const {
    return std::string(find_header(headers, name).value_or("(none)"));
  }

  int responses = 0;
  int status = 0;
  Headers headers;
  std::string body;
  bool wanted = false;
  bool failed = false;

 private:
  RequestHead head_;
  SharedEndpoints endpoints_ =
      std::make_shared<const Endpoints>(Endpoints{{"192.0.2.7", 4000}, {"192.0.2.1", 80}});
};

class FakeChannel final : public connection::WebSocketChannel {
 public:
  explicit FakeChannel(RequestHead request) : head_(std::move(request)) {}

  const RequestHead& head() const override { return head_; }
  SharedRequestHead share_head() const override {
    return std::make_shared<const RequestHead>(head_);
  }
  const SharedEndpoints& endpoints() const override { return endpoints_; }
  const std::vector<std::string>& subprotocols() const override { return subprotocols_; }
  void accept(std::string_view, const Headers& extra, const WebSocketConfig&) override {
    accepted = true;
    headers = extra;
  }
  void deny(ResponseHead response, std::string content, BodyPart) override {
    status = response.status;
    headers = std::move(response.headers);
    body = std::move(content);
  }
  void send_denial_body(std::string, BodyPart) override {}
  void send(MessageKind kind, std::string payload) override {
    send(kind, share(payload), Compression::allowed);
  }
  void send(MessageKind kind, const SharedBytes& payload, Compression) override {
    if (close_code) return;
    sent.push_back((kind == MessageKind::binary ? "b:" : "") + *payload);
  }
  void close(std::uint16_t code, std::string_view) override { close_code = code; }
  void abort() override { aborted = true; }
  std::size_t buffered() const override { return buffered_bytes; }
  void pause_reading() override { paused = true; }
  void resume_reading() override { paused = false; }

  std::string header(std::string_view name) const {
    return std::string(find_header(headers, name).value_or("(none)"));
  }

  bool accepted = false;
  int status = 0;
  Headers headers;  // of the response to the handshake
  std::string body;
  std::vector<std::string> sent;
  std::optional<std::uint16_t> close_code;
  std::size_t buffered_bytes = 0;
  bool paused = false;
  bool aborted = false;

 private:
  RequestHead head_;
  SharedEndpoints endpoints_ =
      std::make_shared<const Endpoints>(Endpoints{{"192.0.2.7", 4000}, {"192.0.2.1", 80}});
  std::vector<std::string> subprotocols_;
};

class FakeSink final : public EventSink {
 public:
  void push(Event event) override { events.push_back(std::move(event)); }
  bool full(StreamId) const override { return false; }
  bool log_lines_full() const override { return false; }

  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Event& event : events) {
      if (const T* value = get_message<T>(event)) found.push_back(*value);
    }
    return found;
  }

  std::vector<Event> events;
};

// One request with its handler, as a connection owns them.
struct Request {
  std::unique_ptr<FakeExchange> exchange;
  std::unique_ptr<connection::RequestHandler> handler;

  FakeExchange* operator->() const { return exchange.get(); }
  void close() {
    handler->on_closed();
    handler.reset();
  }
};

struct WebSocket {
  std::unique_ptr<FakeChannel> channel;
  std::unique_ptr<connection::WebSocketHandler> handler;

  FakeChannel* operator->() const { return channel.get(); }
  void receive(std::string text) { handler->on_message(MessageKind::text, std::move(text)); }
  void close() {
    handler->on_closed(1006, {});
    handler.reset();
  }
};

struct EngineIoFixture {
  Config config;
  std::vector<std::string> log;
  Logger logger{[this](LogRecord record) { log.push_back(std::move(record.message)); }};
  Counters counters;
  Limits limits{config, counters, logger};
  FakeSink sink;
  TimePoint now{std::chrono::hours(1)};
  std::uint64_t last_id = 0;
  // Work for other threads, which run_background() runs.
  std::vector<std::pair<std::function<void()>, std::function<void()>>> background;
  std::unique_ptr<socketio::Server> server;
  std::unique_ptr<EngineIo> engine;

  EngineIoFixture() {
    config.native_socketio = true;
    config.allowed_hosts = {"example.org"};
    restart();
  }

  void restart() {
    engine.reset();
    server = std::make_unique<socketio::Server>(config, sink, logger, limits);
    engine = std::make_unique<EngineIo>(
        config, *server, sink, logger, limits, [this] { return StreamId{++last_id}; },
        [this] { return now; },
        [this](std::function<void()> work, std::function<void()> done) {
          background.emplace_back(std::move(work), std::move(done));
        });
  }

  void shut_down() {
    EXPECT_TRUE(engine->shut_down_while([] { return true; }));
  }

  void run_background() {
    for (const auto& [work, done] : std::exchange(background, {})) {
      work();
      done();
    }
  }

  void advance(Milliseconds duration) {
    const TimePoint end = now + duration;
    while (now < end) {
      now += Milliseconds(20);
      engine->advance(now);
    }
  }

  // With its complete body; not yet closed.
  Request request(RequestHead head, std::string_view body = {},
                  std::optional<StreamId> adopted = std::nullopt) {
    Request made{std::make_unique<FakeExchange>(std::move(head)), nullptr};
    made.handler =
        adopted ? engine->adopt(*made.exchange, *adopted) : engine->make_handler(*made.exchange);
    made.handler->on_request(body, BodyPart::last);
    return made;
  }
  Request get(const std::string& query, const std::string& path = "/socket.io/") {
    return request(make_head("GET", path, query));
  }
  Request post(const std::string& sid, std::string_view body) {
    return request(make_head("POST", "/socket.io/", "EIO=4&transport=polling&sid=" + sid), body);
  }
  Request poll(const std::string& sid) { return get("EIO=4&transport=polling&sid=" + sid); }

  // Opens a polling session; returns its sid.
  std::string open_polling() {
    const auto handshake = get("EIO=4&transport=polling");
    return nlohmann::json::parse(handshake->body.substr(1)).at("sid");
  }

  WebSocket websocket(RequestHead head, std::optional<StreamId> adopted = std::nullopt) {
    WebSocket made{std::make_unique<FakeChannel>(std::move(head)), nullptr};
    made.handler =
        adopted ? engine->adopt(*made.channel, *adopted) : engine->make_handler(*made.channel);
    made.handler->on_upgrade_request();
    if (made.channel->accepted) made.handler->on_open();
    return made;
  }
  WebSocket websocket(const std::string& query) {
    return websocket(make_head("GET", "/socket.io/", query));
  }
};

}  // namespace sioserve::transport

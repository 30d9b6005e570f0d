// A connection on a stream in memory, and handlers that record their calls.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/connection/connection.h"
#include "server/connection/context.h"
#include "server/connection/stream_handlers.h"
#include "tests/unit/net/fake_stream.h"

namespace sioserve::connection {

using net::FakeStream;
using net::Wire;

// The calls of one handler, except on_drain(), in order, and its exchange or channel while it
// exists.
struct Record {
  std::vector<std::string> calls;
  int drains = 0;
  ClientEnd client_end = ClientEnd::answer;
  FaultNotice fault_notice = FaultNotice::at_once;
  Exchange* exchange = nullptr;
  WebSocketChannel* channel = nullptr;
};

class RecordingRequestHandler final : public RequestHandler {
 public:
  RecordingRequestHandler(Record& record, Exchange& exchange) : record_(record) {
    record_.exchange = &exchange;
  }
  void on_request(std::string_view body, BodyPart part) override { add("request", body, part); }
  void on_body(std::string_view body, BodyPart part) override { add("body", body, part); }
  void on_drain() override { ++record_.drains; }
  ClientEnd on_client_end() override { return record_.client_end; }
  void on_abandoned() override { record_.calls.push_back("abandoned"); }
  void on_timeout() override { record_.calls.push_back("timeout"); }
  ServedBy served_by() const override { return ServedBy::static_files; }
  void on_closed() override {
    record_.calls.push_back("closed");
    record_.exchange = nullptr;
  }

 private:
  void add(const std::string& call, std::string_view body, BodyPart part) {
    record_.calls.push_back(call + "(" + std::string(body) + ")" +
                            (part == BodyPart::last ? " last" : " more"));
  }
  Record& record_;
};

class RecordingWebSocketHandler final : public WebSocketHandler {
 public:
  RecordingWebSocketHandler(Record& record, WebSocketChannel& channel) : record_(record) {
    record_.channel = &channel;
  }
  void on_upgrade_request() override { record_.calls.push_back("upgrade"); }
  void on_open() override { record_.calls.push_back("open"); }
  void on_message(MessageKind kind, std::string payload) override {
    record_.calls.push_back((kind == MessageKind::text ? "text(" : "binary(") + payload + ")");
  }
  void on_drain() override { ++record_.drains; }
  void on_peer_ended() override { record_.calls.emplace_back("peer ended"); }
  ServedBy served_by() const override { return ServedBy::application; }
  void on_message_too_big() override { record_.calls.emplace_back("too big"); }
  FaultNotice on_peer_fault(std::uint16_t code, std::string_view reason) override {
    record_.calls.push_back("fault " + std::to_string(code) + " " + std::string(reason));
    return record_.fault_notice;
  }
  void on_closed(std::uint16_t code, std::string_view reason) override {
    record_.calls.push_back("closed " + std::to_string(code) + " " + std::string(reason));
    record_.channel = nullptr;
  }

 private:
  Record& record_;
};

class RecordingRouter final : public Router {
 public:
  std::unique_ptr<RequestHandler> route(Exchange& exchange) override {
    return std::make_unique<RecordingRequestHandler>(next(), exchange);
  }
  std::unique_ptr<WebSocketHandler> route(WebSocketChannel& channel) override {
    return std::make_unique<RecordingWebSocketHandler>(next(), channel);
  }

  bool continues_session(const RequestHead& head) const override {
    return head.query_string == "sid=open";
  }

  std::vector<std::unique_ptr<Record>> records;

 private:
  Record& next() { return *records.emplace_back(std::make_unique<Record>()); }
};

class ConnectionTest : public testing::Test, private ConnectionOwner {
 protected:
  ConnectionTest() { reconnect(); }

  void reconnect() {
    connection_.reset();
    wire_ = Wire{};
    ConnectionOwner& owner = *this;
    connection_ = std::make_unique<Connection>(
        context_, owner, std::make_unique<FakeStream>(wire_),
        std::make_shared<const Endpoints>(Endpoints{{"127.0.0.1", 1}, {"127.0.0.1", 2}, false}),
        service_);
  }

  void receive(std::string_view bytes) {
    wire_.listener->on_read(std::string(bytes));
    turn();
  }
  void peer_ends() {
    wire_.listener->on_end();
    turn();
  }
  void peer_vanishes() {
    wire_.listener->on_broken();
    turn();
  }
  // The end of the loop iteration; the peer reads everything.
  void turn() {
    deferred_queue_.run();
    if (peer_takes_output_) drain();
  }
  void drain() {
    while (wire_.unsent > 0 && !wire_.closed) {
      wire_.unsent = 0;
      wire_.listener->on_drain();
      deferred_queue_.run();
    }
  }
  void later(Milliseconds time) {
    now_ += time;
    connection_->sweep(now_);
    turn();
  }

  // The output since the last call, without the parts that are equal in every response.
  std::string sent() {
    std::string output = std::exchange(wire_.output, std::string());
    for (const std::string_view name : {"date: ", "server: "}) {
      for (std::size_t at = output.find(name); at != std::string::npos; at = output.find(name)) {
        output.erase(at, output.find("\r\n", at) + 2 - at);
      }
    }
    return output;
  }

  std::size_t requests() const { return router_.records.size(); }
  Record& record(std::size_t i) { return *router_.records.at(i); }
  Exchange& exchange(std::size_t i) { return *record(i).exchange; }
  WebSocketChannel& channel() { return *record(0).channel; }
  // The calls since the last time.
  std::vector<std::string> calls(std::size_t i) {
    return std::exchange(record(i).calls, std::vector<std::string>());
  }

  Service service_ = Service::http;  // of the next reconnect()
  net::DeferredQueue deferred_queue_;
  RecordingRouter router_;
  Config config_;
  std::vector<LogRecord> log_;
  Logger logger_{[this](LogRecord log_record) { log_.push_back(std::move(log_record)); }};
  TimePoint now_{std::chrono::hours(1)};
  Context context_{deferred_queue_, router_, config_, logger_, [this] { return now_; }};
  Wire wire_;
  std::unique_ptr<Connection> connection_;
  bool peer_takes_output_ = true;
  bool connection_closed_ = false;

 private:
  void on_connection_closed(Connection&) override { connection_closed_ = true; }
  void make_room() override {}
  void on_connection_idle(Connection&) override {}
  void on_connection_busy(Connection&) override {}
};

using Calls = std::vector<std::string>;

}  // namespace sioserve::connection

// Both sides of an application's stream: an exchange and a channel that record calls, and a sink
// that keeps the events.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "server/connection/stream_handlers.h"
#include "server/port/event_sink.h"
#include "server/port/messages.h"

namespace sioserve::application {

class FakeSink final : public EventSink {
 public:
  void push(Event event) override { events.push_back(std::move(event)); }
  bool full(StreamId) const override { return is_full; }
  bool log_lines_full() const override { return is_full; }

  // The events of one kind, in order.
  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Event& event : events) {
      if (const T* match = get_message<T>(event)) found.push_back(*match);
    }
    return found;
  }

  std::vector<Event> events;
  bool is_full = false;
};

class FakeExchange final : public connection::Exchange {
 public:
  const RequestHead& head() const override { return request; }
  SharedRequestHead share_head() const override {
    return std::make_shared<const RequestHead>(request);
  }
  const SharedEndpoints& endpoints() const override { return ends; }
  void respond(ResponseHead&& head, std::string&& body, connection::BodyPart part) override {
    statuses.push_back(head.status);
    send_body(std::move(body), part);
  }
  void send_body(std::string body, connection::BodyPart) override {
    if (sends_bodies) waiting += body.size();
  }
  void send_file(FilePart file, connection::BodyPart) override { waiting += file.size; }
  void send_trailers(const Headers& headers) override { trailers = headers; }
  void send_early_hints(const std::vector<std::string>& links) override { hints = links; }
  void fail_with(std::uint16_t status) override {
    ++failures;
    failed_with = status;
  }
  void abort() override { ++aborts; }
  std::size_t buffered() const override { return waiting; }
  void want_body() override { wanted = true; }
  void pause_body() override { paused = true; }
  void resume_body() override { paused = false; }
  void respond_within(Milliseconds time) override { time_limit = time; }

  RequestHead request{"POST", "/", "/", "", "1.1", {}};
  SharedEndpoints ends = std::make_shared<const Endpoints>();
  bool sends_bodies = true;  // false for HEAD
  std::size_t waiting = 0;
  bool wanted = false;
  bool paused = false;
  Milliseconds time_limit{0};
  int failures = 0;
  std::uint16_t failed_with = 0;  // the latest
  int aborts = 0;
  std::vector<std::uint16_t> statuses;  // of the responses
  std::optional<Headers> trailers;
  std::vector<std::string> hints;
};

class FakeChannel final : public connection::WebSocketChannel {
 public:
  const RequestHead& head() const override { return request; }
  SharedRequestHead share_head() const override {
    return std::make_shared<const RequestHead>(request);
  }
  const SharedEndpoints& endpoints() const override { return ends; }
  const std::vector<std::string>& subprotocols() const override { return offered; }
  void accept(std::string_view, const Headers&, const WebSocketConfig&) override {
    calls.push_back("accept");
  }
  void deny(ResponseHead head, std::string, connection::BodyPart) override {
    calls.push_back("deny " + std::to_string(head.status));
  }
  void send_denial_body(std::string body, connection::BodyPart) override {
    calls.push_back("denial body " + body);
  }
  void send(MessageKind, std::string payload) override { calls.push_back("send " + payload); }
  void send(MessageKind, const SharedBytes& payload, Compression) override {
    calls.push_back("send " + *payload);
  }
  void close(std::uint16_t code, std::string_view) override {
    calls.push_back("close " + std::to_string(code));
    paused = false;
  }
  void abort() override { calls.push_back("abort"); }
  std::size_t buffered() const override { return 0; }
  void pause_reading() override { paused = true; }
  void resume_reading() override { paused = false; }

  RequestHead request{"GET", "/", "/", "", "1.1", {}};
  SharedEndpoints ends = std::make_shared<const Endpoints>();
  std::vector<std::string> offered;
  std::vector<std::string> calls;
  bool paused = false;
};

}  // namespace sioserve::application

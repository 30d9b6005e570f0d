// Clients that lose their connection and are recovered.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "socketio/server/recovery.h"
#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio {

using Messages = std::vector<std::string>;

inline constexpr Milliseconds window{120'000};

// The state that a client of Socket.IO 4.6 remembers.
struct Memory {
  std::string sid;
  std::string pid;
  std::optional<std::string> offset;

  std::string payload() const {
    Json json{{"pid", pid}};
    if (offset) json["offset"] = *offset;
    return json.dump();
  }
};

struct RecoveryTest : testing::Test, ServerFixture {
  TimePoint now{std::chrono::hours(1)};

  RecoveryTest() {
    config.socket_io.recovery_window = window;
    restart();
    server->advance(now);
  }

  void later(Milliseconds time) {
    server->advance(now);
    server->advance(now += time);
  }

  std::string packet(const std::string& name_space, const std::string& payload) {
    return "0" + (name_space == "/" ? "" : name_space + ",") + payload;
  }

  // Takes the received events, and stores their offsets in the memory.
  static Messages take(Peer& peer, Memory& memory) {
    Messages received;
    for (std::string& message : peer.take()) {
      if (message == "2") continue;
      const auto payload = message.find_first_of("[{");
      const Json data = Json::parse(message.substr(payload), nullptr, false);
      if (message.starts_with("40")) {
        memory.sid = data.at("sid");
        memory.pid = data.at("pid");
        received.push_back("CONNECT");
      } else if (message.starts_with("42") || message.starts_with("45")) {
        memory.offset = data.back();
        Json args = data;
        args.erase(args.size() - 1);
        received.push_back(args.dump());
      } else {
        received.push_back(std::move(message));
      }
    }
    return received;
  }

  // Connects and is accepted.
  SocketId connect(Peer& peer, const std::string& payload = "",
                   const std::string& name_space = "/") {
    peer.receive(packet(name_space, payload));
    const SocketId socket = latest_socket();
    server->handle(SocketAccept{socket});
    return socket;
  }

  void cut(Peer& peer) { peer.session->websocket_closed(peer.socket); }

  bool is_forgotten(SocketId socket) const {
    return std::ranges::any_of(sink.all<SocketForgotten>(), [socket](const SocketForgotten& event) {
      return event.socket == socket;
    });
  }
  std::optional<SocketId> latest_recovered() const {
    return sink.all<SocketConnect>().back().recovered;
  }
  std::uint64_t count(Counter counter) { return counters.get(counter); }
};

}  // namespace sioserve::socketio

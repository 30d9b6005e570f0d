// One WebSocket to Engine.IO: a new session, or the upgrade of a polling session.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/connection/stream_handlers.h"
#include "server/port/ids.h"
#include "server/transport/pending_handshakes.h"
#include "server/transport/session_quota.h"
#include "socketio/engine/session.h"

namespace sioserve::transport {

class EngineIo;

class EngineWebSocket final : public connection::WebSocketHandler,
                              private engine::WebSocketTransport,
                              private PendingHandshake {
 public:
  EngineWebSocket(EngineIo& engine_io, connection::WebSocketChannel& channel,
                  std::optional<StreamId> adopted);

  void on_upgrade_request() override;
  void on_open() override;
  void on_message(MessageKind kind, std::string payload) override;
  void on_drain() override;
  void on_peer_ended() override;
  void on_message_too_big() override { fault_ = engine::CloseReason::payload_too_large; }
  connection::FaultNotice on_peer_fault(std::uint16_t code, std::string_view reason) override;
  ServedBy served_by() const override { return ServedBy::engine_io; }
  void on_closed(std::uint16_t code, std::string_view reason) override;

 private:
  void send(MessageKind kind, const SharedBytes& bytes, Compression compression) override {
    channel_.send(kind, bytes, compression);
  }
  std::size_t buffered() const override { return channel_.buffered(); }
  void pause_reading() override { channel_.pause_reading(); }
  void resume_reading() override { channel_.resume_reading(); }
  void ask_about_request();
  void on_origin_decided(OriginDecision decision) override;
  void on_allowed(Headers headers, Headers session_headers) override;
  void on_refused(RequestError error, const std::string& message) override;
  void accept(Headers headers);
  bool may_upgrade(const engine::Session* session) const;
  void close(std::uint16_t code) override;
  void abort() override;

  EngineIo& engine_io_;
  connection::WebSocketChannel& channel_;
  std::optional<StreamId> adopted_;     // cleared when a session has taken the id
  engine::Session* session_ = nullptr;  // while attached
  std::optional<StreamId> question_;    // while the application is asked
  engine::CloseReason fault_ = engine::CloseReason::websocket_fault;  // if there is one
  // The session that a handshake opens.
  struct NewSession {
    SessionQuota::Place place;
    std::string sid;
    Headers headers;
  };
  std::unique_ptr<NewSession> new_session_;  // from its admission to its start
};

}  // namespace sioserve::transport

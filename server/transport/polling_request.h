// One HTTP request to Engine.IO: a handshake, a GET that waits for packets, or a POST with packets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/connection/stream_handlers.h"
#include "server/port/ids.h"
#include "server/transport/admission.h"
#include "server/transport/payload_compression.h"
#include "server/transport/pending_handshakes.h"
#include "server/transport/session_table.h"
#include "socketio/engine/session.h"

namespace sioserve::transport {

class EngineIo;

class PollingRequest final : public connection::RequestHandler,
                             private engine::PollRequest,
                             private engine::PostRequest,
                             private PendingHandshake {
 public:
  PollingRequest(EngineIo& engine_io, connection::Exchange& exchange,
                 std::optional<StreamId> adopted);

  ~PollingRequest() override;

  void on_request(std::string_view body, connection::BodyPart part) override;
  void on_body(std::string_view body, connection::BodyPart part) override;
  void on_drain() override {}
  // Engine.IO clients never shut down only their sending side, so this is a disconnect.
  connection::ClientEnd on_client_end() override { return connection::ClientEnd::drop; }
  ServedBy served_by() const override { return ServedBy::engine_io; }
  void on_closed() override;

 private:
  enum class Role { none, poll, post };

  void respond(ResponseHead head, std::string body);
  // Before the request has reached a session.
  void refuse(RequestError error, const std::string& message = {});
  void respond_bad_request();
  bool is_preflight() const;
  void respond_to_preflight();
  void ask_about_request();
  void open_session(Headers headers, Headers session_headers);
  void start_post(std::string_view body, connection::BodyPart part);
  void append_body(std::string_view body, connection::BodyPart part);
  bool announces_too_much() const;
  void refuse_too_large();
  void send_payload(engine::Payload payload);

  void on_origin_decided(OriginDecision decision) override;
  void on_allowed(Headers headers, Headers session_headers) override;
  void on_refused(RequestError error, const std::string& message) override;
  void finish_poll(engine::HttpOutcome outcome, engine::Payload payload) override;
  void finish_post(engine::HttpOutcome outcome) override;

  EngineIo& engine_io_;
  connection::Exchange& exchange_;
  std::optional<StreamId> adopted_;     // cleared when a session has taken the id
  engine::Session* session_ = nullptr;  // while the request and the session are attached
  Role role_ = Role::none;
  SharedHeaders headers_;  // of the session
  std::string body_;
  std::optional<StreamId> question_;                 // while the application decides
  std::shared_ptr<PayloadCompression> compression_;  // of the response, or null
};

}  // namespace sioserve::transport

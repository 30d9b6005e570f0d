// Engine.IO over HTTP and WebSocket: selects its requests and creates their handlers. Lives on the
// I/O thread.
//
// A handshake arrives natively (on config.socketio_path), or is handed over by the ASGI application
// (adopt), whose middleware has accepted it. In both cases, later requests with the session's sid
// on the same path are handled here without the application.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/logger.h"
#include "server/base/random_id.h"
#include "server/connection/stream_handlers.h"
#include "server/port/event_sink.h"
#include "server/port/ids.h"
#include "server/port/messages.h"
#include "server/transport/admission.h"
#include "server/transport/client_files.h"
#include "server/transport/cors.h"
#include "server/transport/payload_compression.h"
#include "server/transport/pending_handshakes.h"
#include "server/transport/refusal_reports.h"
#include "server/transport/session_quota.h"
#include "server/transport/session_table.h"
#include "socketio/limits/limits.h"
#include "socketio/server/server.h"

namespace sioserve::transport {

class EngineIo {
 public:
  // `next_id` returns ids for native sessions; `clock` is the loop's time. The references outlive
  // this object, and this object outlives its handlers.
  EngineIo(const Config& config, socketio::Server& server, EventSink& events, const Logger& logger,
           Limits& limits, std::function<StreamId()> next_id, std::function<TimePoint()> clock,
           Background background);

  bool owns(const RequestHead& head) const;
  // Whether the path is --socketio-path, which all servers of a cluster have in common.
  bool is_at_common_path(const RequestHead& head) const;
  // Whether the request belongs to an open session.
  bool continues_session(const RequestHead& head) const;

  // For a request whose path this object owns.
  std::unique_ptr<connection::RequestHandler> make_handler(connection::Exchange& exchange);
  std::unique_ptr<connection::WebSocketHandler> make_handler(connection::WebSocketChannel& channel);

  // For requests that the application hands over. The caller makes all callbacks, beginning with
  // on_request() or on_upgrade_request(). The new session gets the number `stream`; if no session
  // is created, SessionClosed is pushed for that number.
  std::unique_ptr<connection::RequestHandler> adopt(connection::Exchange& exchange,
                                                    StreamId stream);
  std::unique_ptr<connection::WebSocketHandler> adopt(connection::WebSocketChannel& channel,
                                                      StreamId stream);

  // From the loop, at next_advance() or earlier, and at least every 20 ms.
  void advance(TimePoint now);
  // When the timeout of a session may expire, at most `limit`.
  TimePoint next_advance(TimePoint limit) const { return sessions_.next_advance(limit); }
  // Closes sessions while `time_left` says so, at least one or a part of what is queued for one;
  // handshakes are refused from now on. False: sessions are left, call it again in the next turn.
  bool shut_down_while(const std::function<bool()>& time_left);
  // Sids end with this text from now on, so that other servers know where the sessions are.
  void end_sids_with(std::string suffix) { sid_suffix_ = std::move(suffix); }
  // A GET of the session of this request that waits for packets is answered with a noop.
  void release_poll(const RequestHead& head);
  // The answer to a request whose session is not known.
  struct Refusal {
    ResponseHead head;
    std::string body;
  };
  Refusal refuse_unknown_sid(const RequestHead& head) const;
  // The Python process of these sessions has died.
  void process_lost(const std::unordered_set<SessionId>& sessions) {
    sessions_.process_lost(sessions);
  }

  void handle(HandshakeCommand command);
  void handle(EnableAllowRequest command);
  void handle(EnableAllowOrigin command);
  void handle(WatchRefusals command);
  void handle(HandshakeDecision command);

  std::size_t session_count() const { return sessions_.size(); }

  // --- for the handlers ---

  const Config& config() const { return config_; }
  const Cors& cors() const { return cors_; }
  const Background& background() const { return background_; }
  Limits& limits() const { return limits_; }
  const WebSocketConfig& websocket_settings() const { return websocket_settings_; }
  // `adopted`: the stream, if the application handed the request over. A handshake that passes must
  // be given to question() next.
  Result<engine::Session*, RequestError> admit(const RequestHead& head, Carrier carrier,
                                               std::optional<StreamId> adopted);
  engine::Session* find_session(const RequestHead& head) const;
  // A request is refused before it reaches a session.
  void refused(const RequestHead& head, const Endpoints& endpoints, RequestError error,
               const std::string& message);
  SharedHeaders headers_of(const engine::Session& session) const {
    return sessions_.headers_of(session.id());
  }
  // An unguessable sid for a new session.
  std::string make_sid() const { return random_id() + sid_suffix_; }
  // Asks the application about a handshake, if allow_request is used: `handshake` gets the
  // decision, now or later. Returns the id for withdraw().
  std::optional<StreamId> question(const RequestHead& head, const SharedEndpoints& endpoints,
                                   std::optional<StreamId> adopted, PendingHandshake& handshake);
  // Asks the application about the origin of a handshake or a preflight request: `handshake` gets
  // the decision later. Returns the id for withdraw(); nullopt: it need not be asked.
  std::optional<StreamId> question_origin(const RequestHead& head, const SharedEndpoints& endpoints,
                                          std::optional<StreamId> adopted,
                                          PendingHandshake& handshake);
  void decide_origin(const RequestHead& head, OriginDecision decision);
  bool may_come_from_origin(const RequestHead& head, std::optional<StreamId> adopted) const;
  void withdraw(StreamId question) { pending_.forget(question); }
  // For an admitted handshake, before open_session().
  Result<SessionQuota::Place, RequestError> reserve_place(const Endpoints& endpoints);
  // For a handshake that has passed all checks. `sid`: from make_sid().
  engine::Session& open_session(std::string sid, const SharedRequestHead& head,
                                const SharedEndpoints& endpoints, std::optional<StreamId> adopted,
                                SessionQuota::Place place, Headers headers);
  // An adopted request did not create a session.
  void abandon(StreamId stream);

 private:
  const Config& config_;
  const WebSocketConfig websocket_settings_;
  socketio::Server& server_;
  EventSink& events_;
  const Logger& logger_;
  Limits& limits_;
  std::function<StreamId()> next_id_;
  std::function<TimePoint()> clock_;
  Background background_;
  Cors cors_;
  ClientFiles client_files_;
  SessionQuota quota_;
  SessionTable sessions_;
  PendingHandshakes pending_;
  RefusalReports refusal_reports_;
  std::string sid_suffix_;
  bool stopped_ = false;
};

}  // namespace sioserve::transport

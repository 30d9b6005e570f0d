#include "server/transport/engine_io.h"

#include <string>
#include <utility>

#include "server/base/log_debug.h"
#include "server/transport/engine_websocket.h"
#include "server/transport/polling_request.h"

namespace sioserve::transport {
namespace {

// Engine.IO has its own pings and session timeouts, so those of WebSockets are off.
WebSocketConfig websocket_settings_of(const EngineIoConfig& config) {
  WebSocketConfig settings;
  settings.max_message = config.max_payload;
  settings.max_frame = 0;
  settings.ping_interval = Milliseconds(0);
  settings.lifetime = Milliseconds(0);
  settings.per_message_deflate = config.per_message_deflate;
  settings.deflate_threshold = config.compression_threshold;
  return settings;
}

Entrance entrance_of(std::optional<StreamId> adopted) {
  return adopted ? Entrance::application : Entrance::native;
}

}  // namespace

EngineIo::EngineIo(const Config& config, socketio::Server& server, EventSink& events,
                   const Logger& logger, Limits& limits, std::function<StreamId()> next_id,
                   std::function<TimePoint()> clock, Background background)
    : config_(config),
      websocket_settings_(websocket_settings_of(config.engine_io)),
      server_(server),
      events_(events),
      logger_(logger),
      limits_(limits),
      next_id_(std::move(next_id)),
      clock_(std::move(clock)),
      background_(std::move(background)),
      cors_(config.engine_io.cors),
      client_files_(config.client_directory, std::string(mount_path_of(config.socketio_path)),
                    cors_),
      quota_(config, limits),
      sessions_(config, logger, limits, clock_),
      pending_(config, events, logger),
      refusal_reports_(events) {
  if (config.ask_about_handshakes) pending_.start_asking();
}

bool EngineIo::is_at_common_path(const RequestHead& head) const {
  return mount_path_of(head.path) == mount_path_of(config_.socketio_path);
}

bool EngineIo::owns(const RequestHead& head) const {
  if (config_.native_socketio && is_at_common_path(head)) return true;
  if (!config_.client_directory.empty() && client_files_.owns(head.path)) return true;
  return continues_session(head);
}

bool EngineIo::continues_session(const RequestHead& head) const {
  return !head.query_string.empty() && find_session(head) != nullptr;
}

std::unique_ptr<connection::RequestHandler> EngineIo::make_handler(connection::Exchange& exchange) {
  if (client_files_.owns(exchange.head().path)) return client_files_.make_handler(exchange);
  return std::make_unique<PollingRequest>(*this, exchange, std::nullopt);
}

std::unique_ptr<connection::WebSocketHandler> EngineIo::make_handler(
    connection::WebSocketChannel& channel) {
  return std::make_unique<EngineWebSocket>(*this, channel, std::nullopt);
}

std::unique_ptr<connection::RequestHandler> EngineIo::adopt(connection::Exchange& exchange,
                                                            StreamId stream) {
  return std::make_unique<PollingRequest>(*this, exchange, stream);
}

std::unique_ptr<connection::WebSocketHandler> EngineIo::adopt(connection::WebSocketChannel& channel,
                                                              StreamId stream) {
  return std::make_unique<EngineWebSocket>(*this, channel, stream);
}

void EngineIo::advance(TimePoint now) {
  sessions_.advance(now);
  pending_.advance(now);
}

void EngineIo::handle(HandshakeCommand command) {
  std::visit([this](auto& alternative) { handle(std::move(alternative)); }, command);
}

void EngineIo::handle(EnableAllowRequest) { pending_.start_asking(); }

void EngineIo::handle(EnableAllowOrigin) { cors_.ask_application(); }

void EngineIo::handle(WatchRefusals) { refusal_reports_.watch(); }

void EngineIo::handle(HandshakeDecision command) { pending_.answer(std::move(command)); }

bool EngineIo::shut_down_while(const std::function<bool()>& time_left) {
  stopped_ = true;
  pending_.shut_down();
  return sessions_.shut_down_while(time_left);
}

void EngineIo::release_poll(const RequestHead& head) {
  if (engine::Session* const session = find_session(head)) session->release_poll();
}

EngineIo::Refusal EngineIo::refuse_unknown_sid(const RequestHead& head) const {
  Refusal refusal{error_head(RequestError::unknown_sid), error_body(RequestError::unknown_sid)};
  cors_.add_headers(head, refusal.head.headers);
  return refusal;
}

Result<engine::Session*, RequestError> EngineIo::admit(const RequestHead& head, Carrier carrier,
                                                       std::optional<StreamId> adopted) {
  auto admitted = transport::admit(head, carrier, entrance_of(adopted), sessions_, config_, cors_);
  if (admitted && !*admitted && stopped_) return Failure{RequestError::bad_request};
  return admitted;
}

void EngineIo::refused(const RequestHead& head, const Endpoints& endpoints, RequestError error,
                       const std::string& message) {
  log_debug(logger_, LogCategory::engineio, "request refused: ", error_body(error, message));
  refusal_reports_.report(head, endpoints, error, message, clock_());
}

std::optional<StreamId> EngineIo::question(const RequestHead& head,
                                           const SharedEndpoints& endpoints,
                                           std::optional<StreamId> adopted,
                                           PendingHandshake& handshake) {
  if (!pending_.asks()) {
    handshake.on_allowed({}, {});
    return std::nullopt;
  }
  const StreamId id = adopted ? *adopted : next_id_();
  pending_.ask(id, HandshakeTopic::request, head, endpoints, clock_(), handshake);
  return id;
}

std::optional<StreamId> EngineIo::question_origin(const RequestHead& head,
                                                  const SharedEndpoints& endpoints,
                                                  std::optional<StreamId> adopted,
                                                  PendingHandshake& handshake) {
  if (stopped_ || !cors_.must_ask(head) || continues_session(head)) return std::nullopt;
  const StreamId id = adopted ? *adopted : next_id_();
  pending_.ask(id, HandshakeTopic::origin, head, endpoints, clock_(), handshake);
  return id;
}

void EngineIo::decide_origin(const RequestHead& head, OriginDecision decision) {
  switch (decision) {
    case OriginDecision::allowed:
      return cors_.grant(head);
    case OriginDecision::refused:
      return cors_.revoke(head);
  }
}

bool EngineIo::may_come_from_origin(const RequestHead& head,
                                    std::optional<StreamId> adopted) const {
  return transport::may_come_from_origin(head, entrance_of(adopted), config_, cors_);
}

engine::Session* EngineIo::find_session(const RequestHead& head) const {
  const auto sid = find_query_parameter(head.query_string, "sid");
  return sid && !sid->empty() ? sessions_.find(*sid, head.path) : nullptr;
}

Result<SessionQuota::Place, RequestError> EngineIo::reserve_place(const Endpoints& endpoints) {
  auto place = quota_.take(endpoints);
  if (place) return std::move(*place);
  switch (place.error()) {
    case SessionQuota::Full::server:
      return Failure{RequestError::too_many_sessions};
    case SessionQuota::Full::address:
      return Failure{RequestError::too_many_of_address};
  }
  __builtin_unreachable();
}

engine::Session& EngineIo::open_session(std::string sid, const SharedRequestHead& head,
                                        const SharedEndpoints& endpoints,
                                        std::optional<StreamId> adopted, SessionQuota::Place place,
                                        Headers headers) {
  const SessionId id = adopted ? *adopted : next_id_();
  engine::Session& session =
      sessions_.create(id, std::move(sid), std::string(mount_path_of(head->path)),
                       framing_of(*head), std::move(place));
  sessions_.set_headers(id, std::move(headers));
  std::optional<SessionOpened> opened;
  if (!adopted) opened = SessionOpened{id, head, endpoints};
  session.start(server_.make_observer(session, std::move(opened)));
  return session;
}

void EngineIo::abandon(StreamId stream) { events_.push(SessionClosed{stream, {}}); }

}  // namespace sioserve::transport

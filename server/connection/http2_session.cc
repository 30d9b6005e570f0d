#include "server/connection/http2_session.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

#include "server/connection/incoming_request.h"
#include "server/connection/shown.h"
#include "server/http/parse_error.h"
#include "server/net/file_portion.h"

namespace sioserve::connection {
namespace {

// More than this is not put into the socket's queue, so that streams can be written in turn, and
// their queues show what the client takes.
constexpr std::size_t max_unsent = 262'144;

// Streams of one connection that may upload at full speed at the same time.
constexpr std::size_t max_wide_windows = 16;

http2::EngineLimits engine_limits(const Config& config) {
  http2::EngineLimits limits;
  limits.request.max_request_line = config.http.max_request_line;
  limits.request.max_header_bytes = config.http.max_header_bytes;
  limits.request.max_headers = config.http.max_headers;
  limits.request.max_body = config.http.max_body;
  limits.max_streams = static_cast<std::uint32_t>(config.http2.max_streams);
  return limits;
}

Counter counter_of(http2::Flood flood) {
  switch (flood) {
    case http2::Flood::resets:
      return Counter::http2_closed_for_resets;
    case http2::Flood::frames:
      return Counter::http2_closed_for_frames;
    case http2::Flood::headers:
      return Counter::http2_closed_for_headers;
  }
  __builtin_unreachable();
}

}  // namespace

Http2Session::Http2Session(Connection& connection, std::string input)
    : connection_(connection),
      engine_(engine_limits(connection.context().config)),
      deadlines_(context().config.http, context().timeouts.late_head),
      endpoints_(connection.peers()),
      kept_(std::move(input)) {
  deadlines_.restart(Wait::first_byte, context().now());
  context().count(Counter::http2_connections);
}

Http2Session::~Http2Session() {
  *alive_ = nullptr;
  context().uncount(Counter::http2_connections);
}

// --- Events of the connection ---

void Http2Session::on_read(std::string_view bytes) {
  if (state_ == State::ended) return;
  engine_.feed(bytes, context().now());
  context().count(Counter::http2_streams_refused, engine_.take_refused());
  warn_of_flood();
  take_events();
}

void Http2Session::on_drain() {
  const TimePoint now = context().now();
  deadlines_.extend(Wait::send, now);
  deadlines_.extend(Wait::keep_alive, now);
}

void Http2Session::on_broken() {
  end_streams();
  state_ = State::ended;
}

void Http2Session::begin_stop() {
  begin_closing();
  for (const auto& [id, stream] : streams_) stream->begin_stop();
}

TimePoint Http2Session::deadline() const {
  TimePoint earliest = deadlines_.earliest();
  for (const auto& [id, stream] : streams_) earliest = std::min(earliest, stream->deadline());
  return earliest;
}

void Http2Session::on_deadline() {
  if (state_ == State::ended) return;
  const TimePoint now = context().now();
  for (const auto& [id, stream] : streams_) {
    if (stream->deadline() <= now) stream->on_deadline();
  }
  const auto wait = deadlines_.expired(now);
  if (!wait) return;
  switch (*wait) {
    case Wait::first_byte:
      context().count(Counter::first_byte_timeouts);
      refuse_requests();
      break;
    case Wait::keep_alive:
      context().count(Counter::keep_alive_timeouts);
      refuse_requests();
      break;
    case Wait::head:
      context().count(Counter::header_timeouts);
      context().refusal_reports.refused(connection_.peers()->client, RequestHead{}, 408,
                                        "the head took too long", context().now());
      engine_.terminate(http2::ErrorCode::enhance_your_calm);
      write();
      end_streams();
      end(ConnectionEnd::linger);
      break;
    case Wait::send:
      context().count(Counter::send_timeouts);
      context().refusal_reports.refused(connection_.peers()->client, RequestHead{}, std::nullopt,
                                        "the client takes nothing of it", context().now());
      end_streams();
      end(ConnectionEnd::close);
      break;
    case Wait::drain:  // the client has not answered the announcement
      refuse_requests();
      break;
  }
}

void Http2Session::advance() {
  if (state_ == State::ended) return;
  if (!kept_.empty()) on_read(std::exchange(kept_, {}));
  if (connection_.peer_ended()) take_client_end();
  bool wrote = false;
  do {
    settle_streams();
    wrote = write();
    take_events();
  } while (wrote || !touched_.empty());
  end_if_done();
  if (state_ == State::ended) return;
  control_reading();
  update_waits();
  if (is_idle()) {
    connection_.set_idle();
  } else {
    connection_.set_busy();
  }
}

bool Http2Session::is_idle() const {
  return begun_ && streams_.empty() && !engine_.within_head() &&
         connection_.stream().buffered() == 0;
}

void Http2Session::settle_streams() {
  for (const http2::StreamId id : std::exchange(touched_, {})) {
    Http2Stream* const stream = find(id);
    if (stream == nullptr) continue;
    stream->touched = false;
    stream->settle();
  }
}

bool Http2Session::write() {
  const std::size_t unsent = connection_.stream().buffered();
  if (unsent >= max_unsent || !engine_.wants_to_write()) return false;
  return engine_.write(connection_.stream(), max_unsent - unsent, context().now());
}

// Answers to frames of a client that reads nothing would fill the memory.
void Http2Session::control_reading() {
  if (connection_.stream().buffered() < max_unsent) {
    connection_.stream().resume_reading();
  } else {
    connection_.stream().pause_reading();
  }
}

void Http2Session::update_waits() {
  const TimePoint now = context().now();
  if (connection_.stream().buffered() > 0) {
    deadlines_.start(Wait::send, now);
  } else {
    deadlines_.stop(Wait::send);
  }
  if (engine_.within_head()) {
    begun_ = true;
    // The timeout is for the whole head: further bytes do not extend it.
    deadlines_.start(Wait::head, now);
  } else {
    deadlines_.stop(Wait::head);
  }
  if (begun_) deadlines_.stop(Wait::first_byte);
  if (begun_ && streams_.empty() && !engine_.within_head()) {
    deadlines_.start(Wait::keep_alive, now);
  } else {
    deadlines_.stop(Wait::keep_alive);
  }
}

void Http2Session::take_client_end() {
  for (const auto& [id, stream] : streams_) stream->on_client_end();
  if (state_ == State::serving) state_ = State::refusing;
}

// --- Events of the engine ---

void Http2Session::take_events() {
  for (;;) {
    std::vector<http2::Event> events = engine_.take_events();
    if (events.empty()) return;
    for (http2::Event& event : events) {
      std::visit([this](auto& alternative) { take(alternative); }, event);
    }
  }
}

void Http2Session::take(http2::RequestReceived& event) {
  if (state_ == State::ended) return;
  begun_ = true;
  connection_.set_busy();
  ++requests_;
  http2::Request& request = event.request;
  if (request.error) {  // the head is incomplete, so its addresses may be those of the client
    request.head->request_id = context().request_ids.next();
    endpoints_ = connection_.peers();
  } else {
    endpoints_ =
        prepare_request(context(), connection_.peers(), *request.head,
                        {request.has_several_cookie_headers, request.has_names_with_underscores});
  }
  Http2StreamOwner& owner = *this;
  auto& stream = streams_[event.stream];
  stream = std::make_unique<Http2Stream>(connection_, owner, engine_, event.stream);
  if (request.error) {
    stream->refuse(request.head, endpoints_, http::status_of(*request.error),
                   http::describe(*request.error));
  } else if (request.asks_for_websocket) {
    stream->begin_websocket(std::move(request), endpoints_, event.part);
  } else {
    stream->begin(std::move(request), endpoints_, event.part);
  }
  const std::size_t most = context().config.http.requests_per_connection;
  if (most != 0 && requests_ >= most && state_ == State::serving) {
    context().count(Counter::connections_used_up);
    begin_closing();
  }
}

// Reported later, because it may end the connection: then only that is reported.
void Http2Session::take(http2::RequestMalformed& event) { malformed_ = std::move(event.reason); }

void Http2Session::take(http2::BodyReceived& event) {
  if (Http2Stream* const stream = find(event.stream)) stream->receive(event.body(), event.part);
}

void Http2Session::take(http2::BodyTooLarge& event) {
  if (Http2Stream* const stream = find(event.stream)) stream->refuse_body();
}

void Http2Session::take(http2::Drained& event) {
  if (Http2Stream* const stream = find(event.stream)) stream->on_drain();
}

void Http2Session::take(http2::FileWanted& event) {
  auto portion = std::make_shared<net::FilePortion>();
  auto file = event.part.file;
  context().run_in_background(
      [portion, part = std::move(event.part)] { *portion = net::read_portion(part, part.size); },
      [portion, file, id = event.stream, session = alive_] {
        if (*session != nullptr) (*session)->take_file_portion(id, std::move(*portion), *file);
      });
}

void Http2Session::take_file_portion(http2::StreamId id, net::FilePortion portion,
                                     const OpenFile& file) {
  if (portion.outcome == net::FilePortion::Outcome::read) {
    engine_.give_file_bytes(id, std::move(portion.bytes));
  } else {
    connection_.report_file_failure(file, portion.error);
    engine_.reset(id, http2::ErrorCode::internal_error);
  }
  connection_.touch();
}

void Http2Session::take(http2::StreamClosed& event) {
  const auto found = streams_.find(event.stream);
  if (found == streams_.end()) return;
  found->second->on_closed(event);
  streams_.erase(found);
}

void Http2Session::take(http2::ClientLeaves&) { refuse_requests(); }

void Http2Session::take(http2::ShutdownAnnounced&) {
  if (state_ == State::closing) refuse_requests();
}

Http2Stream* Http2Session::find(http2::StreamId id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Http2Session::on_stream_touched(Http2Stream& stream) {
  if (std::exchange(stream.touched, true)) return;
  touched_.push_back(stream.id());
  connection_.touch();
}

Count::Ticket Http2Session::take_wide_window() {
  return wide_windows_.size() < max_wide_windows ? wide_windows_.take() : nullptr;
}

// --- The end of the connection ---

void Http2Session::begin_closing() {
  if (state_ != State::serving) return;
  state_ = State::closing;
  engine_.announce_shutdown();
  deadlines_.restart(Wait::drain, context().now());
}

// The first of two steps: requests that come nevertheless are served, until they are a flood.
void Http2Session::warn_of_flood() {
  if (!engine_.is_near_flood() || std::exchange(is_warned_, true)) return;
  context().count(Counter::http2_warned_for_floods);
  engine_.announce_shutdown();
}

void Http2Session::refuse_requests() {
  if (state_ == State::refusing || state_ == State::ended) return;
  state_ = State::refusing;
  deadlines_.stop(Wait::drain);
  engine_.shut_down();
}

void Http2Session::end_if_done() {
  report_violations();
  if (engine_.fault()) {
    end_streams();
    return end(ConnectionEnd::linger);
  }
  if (state_ == State::refusing && streams_.empty()) end(ConnectionEnd::linger);
}

bool Http2Session::admit_violation() {
  return !std::exchange(has_violation_, true) &&
         context().http2_reports.admit_violation(context().now());
}

void Http2Session::report_violations() {
  const std::string malformed = std::exchange(malformed_, {});
  if (engine_.fault()) return report_fault(*engine_.fault());
  if (malformed.empty() || !admit_violation()) return;
  context().logger.log(LogCategory::server, LogLevel::warning,
                       "Refused a request of " + shown(connection_.peers()->client) +
                           " with PROTOCOL_ERROR: " + malformed);
}

void Http2Session::report_fault(const http2::Fault& fault) {
  const Address& client = connection_.peers()->client;
  if (fault.flood) {
    context().count(counter_of(*fault.flood));
    return context().http2_reports.flooded(*fault.flood, client, context().now());
  }
  if (!admit_violation()) return;
  context().logger.log(LogCategory::server, LogLevel::warning,
                       "Closed an HTTP/2 connection of " + shown(client) + " with " +
                           std::string(http2::name_of(fault.code)) + ": " + fault.reason);
}

void Http2Session::end_streams() {
  for (const auto& [id, stream] : streams_) stream->abandon();
  streams_.clear();
  touched_.clear();
}

void Http2Session::end(ConnectionEnd how) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  connection_.end(how, endpoints_);
}

}  // namespace sioserve::connection

#include "server/http2/engine.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "server/http2/engine_callbacks.h"
#include "server/http2/field_list.h"

namespace sioserve::http2 {
namespace {

constexpr std::uint32_t max_window = 0x7fff'ffff;
// nghttp2 refuses to send larger heads. HTTP/1 has no limit.
constexpr std::size_t max_head = 1'048'576;
// NGHTTP2_ERR_TOO_MANY_CONTINUATIONS, which headers before nghttp2 1.61 may not have. Such limits
// of the library's can be lower than those of FloodGuard.
constexpr int too_many_continuations = -905;

struct DeleteOption {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
using OptionPtr = std::unique_ptr<nghttp2_option, DeleteOption>;

// The same for all connections.
const nghttp2_option* session_options() {
  static const OptionPtr options = [] {
    nghttp2_option* option = nullptr;
    if (nghttp2_option_new(&option) != 0) throw std::bad_alloc();
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_max_send_header_block_length(option, max_head);
    return OptionPtr(option);
  }();
  return options.get();
}

std::int32_t number(StreamId stream) { return static_cast<std::int32_t>(stream); }

}  // namespace

void Engine::DeleteSession::operator()(nghttp2_session* session) const {
  nghttp2_session_del(session);
}

Engine::Engine(const EngineLimits& limits)
    : limits_(limits), guard_(limits.request.max_header_bytes), builder_(limits.request) {
  nghttp2_session* session = nullptr;
  if (nghttp2_session_server_new2(&session, Callbacks::table(), this, session_options()) != 0) {
    throw std::bad_alloc();
  }
  session_.reset(session);
  const auto max_header_list = static_cast<std::uint32_t>(
      std::min<std::size_t>(limits.request.max_header_bytes, max_window));
  const std::array<nghttp2_settings_entry, 5> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, max_header_list},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits.connection_window));
}

Engine::~Engine() = default;

// --- input and output ---

void Engine::feed(std::string_view input, TimePoint now) {
  now_ = now;
  if (fault_) return;
  const std::size_t size =
      scanner_.scan(input, [this](const FrameHeader& frame) { return on_frame(frame); });
  const auto taken = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(input.data()), size);
  check_for_flood();
  if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
    fail(ErrorCode::protocol_error, "it does not begin as HTTP/2");
  } else if (taken == NGHTTP2_ERR_FLOODED || taken == too_many_continuations) {
    fail(ErrorCode::enhance_your_calm, "flood");
    fault_->flood = Flood::frames;
  } else if (taken < 0) {
    fail(ErrorCode::internal_error, nghttp2_strerror(static_cast<int>(taken)));
  }
}

std::vector<Event> Engine::take_events() {
  ++batch_;
  return std::exchange(events_, {});
}

bool Engine::write(OutputSink& sink, std::size_t room, TimePoint now) {
  now_ = now;
  sink_ = &sink;
  room_ = room;
  while (room_ > 0) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size < 0) fail(ErrorCode::internal_error, nghttp2_strerror(static_cast<int>(size)));
    if (size <= 0) break;
    sink.write({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    room_ -= std::min(room_, static_cast<std::size_t>(size));
  }
  sink_ = nullptr;
  check_for_flood();
  return room_ < room;
}

bool Engine::wants_to_write() const { return nghttp2_session_want_write(session_.get()) != 0; }

bool Engine::finished() const {
  return nghttp2_session_want_read(session_.get()) == 0 &&
         nghttp2_session_want_write(session_.get()) == 0;
}

// Before nghttp2, which drops DATA for closed streams without a word.
bool Engine::on_frame(const FrameHeader& frame) {
  const auto stream = static_cast<std::int32_t>(frame.stream);
  if (frame.type == FrameType::data) check_stream_of_frame(stream);
  if (frame.type == FrameType::rst_stream) closed_.reset_by_client(stream);
  if (frame.type == FrameType::headers && last_served_ && stream > *last_served_ &&
      !guard_.on_refused_stream(now_)) {
    return false;
  }
  return guard_.on_frame(frame, now_) && !fault_;
}

void Engine::check_stream_of_frame(std::int32_t stream) {
  // Frames for requests that begin after the end was announced are ignored.
  if (last_served_ || !closed_.closed_by_client(stream, streams_.contains(stream))) return;
  fail(ErrorCode::stream_closed, "a frame for a closed stream");
}

void Engine::check_for_flood() {
  if (!guard_.flood() || fault_) return;
  fail(ErrorCode::enhance_your_calm, "flood");
  fault_->flood = guard_.flood();
}

void Engine::fail(ErrorCode code, std::string reason) {
  if (fault_) return;
  fault_ = Fault{code, std::move(reason), std::nullopt};
  nghttp2_session_terminate_session(session_.get(), static_cast<std::uint32_t>(code));
}

void Engine::terminate(ErrorCode code) {
  nghttp2_session_terminate_session(session_.get(), static_cast<std::uint32_t>(code));
}

void Engine::announce_shutdown() { nghttp2_submit_shutdown_notice(session_.get()); }

void Engine::shut_down() {
  last_served_ = nghttp2_session_get_last_proc_stream_id(session_.get());
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, *last_served_, NGHTTP2_NO_ERROR, nullptr,
                        0);
}

// --- streams ---

Stream* Engine::find(StreamId stream) const {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session_.get(), number(stream)));
}

void Engine::send_interim(StreamId stream, std::uint16_t status, const HeaderBlock& headers) {
  if (find(stream) == nullptr) return;
  const FieldList fields(status, headers);
  nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, number(stream), nullptr, fields.data(),
                         fields.size(), nullptr);
}

void Engine::send_head(StreamId stream, std::uint16_t status, const HeaderBlock& headers,
                       HeadEnd end) {
  Stream* const found = find(stream);
  if (found == nullptr) return;
  const FieldList fields(status, headers);
  nghttp2_data_provider body{};
  body.source.ptr = found;
  body.read_callback = Callbacks::read_body;
  const bool has_body = end == HeadEnd::body;
  found->response_begun = true;
  found->response_ends = !has_body;
  nghttp2_submit_response(session_.get(), number(stream), fields.data(), fields.size(),
                          has_body ? &body : nullptr);
}

template <typename Add>
void Engine::queue(StreamId stream, Add add) {
  Stream* const found = find(stream);
  if (found == nullptr || found->reset_by_owner) return;
  add(found->queue());
  resume(*found);
}

void Engine::send(StreamId stream, std::string bytes) {
  queue(stream, [&](WriteQueue& queue) { queue.write_owned(std::move(bytes)); });
}

void Engine::send(StreamId stream, std::string_view bytes) {
  queue(stream, [&](WriteQueue& queue) { queue.write(bytes); });
}

void Engine::send(StreamId stream, const SharedBytes& bytes) {
  queue(stream, [&](WriteQueue& queue) { queue.write_shared(bytes); });
}

void Engine::send(StreamId stream, FilePart part) {
  queue(stream, [&](WriteQueue& queue) { queue.write_file(std::move(part)); });
}

void Engine::give_file_bytes(StreamId stream, std::string bytes) {
  Stream* const found = find(stream);
  if (found == nullptr) return;
  found->give_file_bytes(std::move(bytes));
  resume(*found);
}

void Engine::end(StreamId stream, HeaderBlock trailers) {
  Stream* const found = find(stream);
  if (found == nullptr) return;
  found->response_ends = true;
  found->trailers = std::move(trailers);
  resume(*found);
}

// The body reader has found nothing to send before.
void Engine::resume(Stream& stream) {
  if (!std::exchange(stream.waits_for_bytes, false)) return;
  nghttp2_session_resume_data(session_.get(), number(stream.id));
}

void Engine::reset(StreamId stream, ErrorCode code) {
  Stream* const found = find(stream);
  if (found == nullptr || std::exchange(found->reset_by_owner, true)) return;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, number(stream),
                            static_cast<std::uint32_t>(code));
}

void Engine::cut_stalled(StreamId stream, TimePoint now) {
  guard_.on_reset(now);
  reset(stream, ErrorCode::cancel);
}

void Engine::consume(StreamId stream, std::size_t bytes) {
  if (find(stream) != nullptr) {
    nghttp2_session_consume_stream(session_.get(), number(stream), bytes);
  }
}

void Engine::set_window(StreamId stream, std::uint32_t bytes) {
  if (find(stream) == nullptr) return;
  nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, number(stream),
                                        static_cast<std::int32_t>(bytes));
}

std::size_t Engine::queued(StreamId stream) const {
  const Stream* const found = find(stream);
  return found == nullptr ? 0 : found->queued();
}

bool Engine::unsent(StreamId stream) const {
  const Stream* const found = find(stream);
  if (found == nullptr) return false;
  return found->queued() > 0 || (found->response_ends && !found->response_ended);
}

HeldBack Engine::held_back(StreamId stream) const {
  if (!unsent(stream)) return HeldBack::no;
  if (nghttp2_session_get_stream_remote_window_size(session_.get(), number(stream)) <= 0) {
    return HeldBack::by_stream;
  }
  const bool has_room = nghttp2_session_get_remote_window_size(session_.get()) > 0;
  return has_room ? HeldBack::no : HeldBack::by_connection;
}

bool Engine::response_begun(StreamId stream) const {
  const Stream* const found = find(stream);
  return found != nullptr && found->response_begun;
}

}  // namespace sioserve::http2

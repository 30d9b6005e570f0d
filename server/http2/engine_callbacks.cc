#include "server/http2/engine_callbacks.h"

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "server/base/field_syntax.h"
#include "server/http2/field_list.h"

namespace sioserve::http2 {
namespace {

struct DeleteCallbacks {
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
};
using CallbacksPtr = std::unique_ptr<nghttp2_session_callbacks, DeleteCallbacks>;

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

Engine& self(void* engine) { return *static_cast<Engine*>(engine); }

bool has_flag(const nghttp2_frame* frame, std::uint8_t flag) {
  return (frame->hd.flags & flag) != 0;
}

bool begins_request(const nghttp2_frame* frame) {
  return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

// The length of the padding counts the byte that tells it.
bool is_only_padding(const nghttp2_frame* frame) {
  return frame->hd.type == NGHTTP2_DATA && !has_flag(frame, NGHTTP2_FLAG_END_STREAM) &&
         frame->hd.length > 0 && frame->hd.length == frame->data.padlen;
}

// In GOAWAY, when later requests are still served.
constexpr std::int32_t last_stream_of_all = 0x7fff'ffff;

// The bytes of a DATA frame that pay for frames of the client, if the client's windows have cut it.
constexpr std::size_t useful_data = 1'024;

// The client chooses the name, so its part in a log line is limited.
constexpr std::size_t max_shown_name = 64;

// Streams are written in turn.
constexpr nghttp2_extpri in_turn{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};

}  // namespace

const nghttp2_session_callbacks* Engine::Callbacks::table() {
  static const CallbacksPtr table = [] {
    nghttp2_session_callbacks* made = nullptr;
    if (nghttp2_session_callbacks_new(&made) != 0) throw std::bad_alloc();
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, on_invalid_header);
    nghttp2_session_callbacks_set_error_callback2(made, on_error);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(made, on_frame_not_send);
    nghttp2_session_callbacks_set_send_data_callback(made, send_data);
    return CallbacksPtr(made);
  }();
  return table.get();
}

// --- receiving ---

// Errors of the client that nghttp2 overlooks.
int Engine::Callbacks::on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* frame,
                                      void* engine) {
  Engine& my = self(engine);
  // Frames for requests that begin after the end was announced are ignored.
  if (my.last_served_) return 0;
  if (frame->type == NGHTTP2_PRIORITY && frame->stream_id == 0) {
    my.fail(ErrorCode::protocol_error, "PRIORITY for the connection");
  } else if (frame->type == NGHTTP2_HEADERS) {
    my.check_stream_of_frame(frame->stream_id);
    my.closed_.begun(frame->stream_id);
  }
  return my.fault_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

int Engine::Callbacks::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame,
                                        void* engine) {
  Engine& my = self(engine);
  if (!begins_request(frame)) return 0;  // trailers, which are dropped
  const std::int32_t number = frame->hd.stream_id;
  const auto added = my.streams_.try_emplace(number, StreamId{number});
  nghttp2_session_set_stream_user_data(session, number, &added.first->second);
  nghttp2_session_change_extpri_stream_priority(session, number, &in_turn, 1);
  my.builder_.begin();
  my.malformed_.clear();
  return 0;
}

int Engine::Callbacks::on_header(nghttp2_session*, const nghttp2_frame* frame,
                                 const std::uint8_t* name, std::size_t name_size,
                                 const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                                 void* engine) {
  Engine& my = self(engine);
  if (!my.guard_.on_header(size_of_field(view(name, name_size), view(value, value_size)))) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  if (begins_request(frame)) my.builder_.add(view(name, name_size), view(value, value_size));
  return 0;
}

// RFC 9113 section 8.2.1: an invalid field makes the request malformed. nghttp2 would drop it.
int Engine::Callbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame*,
                                         const std::uint8_t*, std::size_t, const std::uint8_t*,
                                         std::size_t, std::uint8_t, void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

// "Invalid HTTP header field was received: frame type: 1, stream: 3, name: [te], value: [gzip]"
int Engine::Callbacks::on_error(nghttp2_session*, int, const char* text, std::size_t size,
                                void* engine) {
  constexpr std::string_view mark = "name: [";
  std::string_view name(text, size);
  const std::size_t begin = name.find(mark);
  if (begin == std::string_view::npos) return 0;
  name.remove_prefix(begin + mark.size());
  name = name.substr(0, std::min(name.find(']'), max_shown_name));
  const bool can_be_shown = is_token(name) || (name.starts_with(':') && is_token(name.substr(1)));
  self(engine).malformed_ = can_be_shown ? "invalid header " + std::string(name) : "";
  return 0;
}

int Engine::Callbacks::on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame,
                                     void* engine) {
  Engine& my = self(engine);
  auto* const stream =
      static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      if (stream == nullptr) break;
      if (begins_request(frame)) {
        if (my.last_served_ && frame->hd.stream_id > *my.last_served_) {
          my.reset(stream->id, ErrorCode::refused_stream);
          break;
        }
        my.guard_.on_request();
        const bool ends = has_flag(frame, NGHTTP2_FLAG_END_STREAM);
        Request request = my.builder_.take();
        stream->request_ended = ends;
        stream->is_tunnel = request.asks_for_websocket;
        my.events_.emplace_back(RequestReceived{stream->id, std::move(request),
                                                ends ? BodyPart::last : BodyPart::more});
        break;
      }
      [[fallthrough]];  // trailers
    case NGHTTP2_DATA:
      if (is_only_padding(frame)) my.guard_.on_padding(my.now_);
      if (stream != nullptr && has_flag(frame, NGHTTP2_FLAG_END_STREAM)) my.end_request(*stream);
      break;
    case NGHTTP2_PING:
      if (has_flag(frame, NGHTTP2_FLAG_ACK)) my.events_.emplace_back(ShutdownAnnounced{});
      break;
    case NGHTTP2_RST_STREAM:
      if (stream != nullptr) stream->reset_by_client = true;
      break;
    case NGHTTP2_GOAWAY:
      my.events_.emplace_back(ClientLeaves{});
      break;
    default:
      break;
  }
  return 0;
}

int Engine::Callbacks::on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error,
                                        void* engine) {
  Engine& my = self(engine);
  if (!begins_request(frame)) return 0;
  // Too many streams are open. It counts now, and not when the client is told, because a client
  // that reads nothing is not told.
  if (error == NGHTTP2_ERR_REFUSED_STREAM) {
    ++my.refused_;
    my.guard_.on_refused_stream(my.now_);
    my.closed_.reset_by_server(frame->hd.stream_id);
    return 0;
  }
  const bool told = !my.malformed_.empty();
  my.events_.emplace_back(RequestMalformed{StreamId{frame->hd.stream_id},
                                           told ? my.malformed_ : nghttp2_strerror(error)});
  return 0;
}

int Engine::Callbacks::on_data(nghttp2_session* session, std::uint8_t, std::int32_t number,
                               const std::uint8_t* bytes, std::size_t size, void* engine) {
  Engine& my = self(engine);
  // Only the stream's window waits for the owner: a stalled stream must not hold up the others.
  nghttp2_session_consume_connection(session, size);
  auto* const stream = static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, number));
  if (stream != nullptr) my.receive_data(*stream, view(bytes, size));
  return 0;
}

int Engine::Callbacks::on_stream_close(nghttp2_session*, std::int32_t number, std::uint32_t code,
                                       void* engine) {
  Engine& my = self(engine);
  const auto found = my.streams_.find(number);
  if (found == my.streams_.end()) return 0;
  my.close(found->second, static_cast<ErrorCode>(code));
  my.streams_.erase(found);
  return 0;
}

void Engine::receive_data(Stream& stream, std::string_view bytes) {
  if (stream.body_too_large || bytes.empty()) return;
  stream.body_bytes += bytes.size();
  const bool is_limited = limits_.request.max_body != 0 && !stream.is_tunnel;
  if (is_limited && stream.body_bytes > limits_.request.max_body) {
    stream.body_too_large = true;
    events_.emplace_back(BodyTooLarge{stream.id});
    return;
  }
  auto* const last = events_.empty() ? nullptr : std::get_if<BodyReceived>(&events_.back());
  if (last == nullptr || last->stream != stream.id) {
    events_.emplace_back(BodyReceived{stream.id, bytes, {}, BodyPart::more});
    return;
  }
  if (last->joined.empty()) last->joined = last->first;
  last->joined += bytes;
}

void Engine::end_request(Stream& stream) {
  stream.request_ended = true;
  if (stream.body_too_large) return;
  auto* const last = events_.empty() ? nullptr : std::get_if<BodyReceived>(&events_.back());
  if (last != nullptr && last->stream == stream.id) {
    last->part = BodyPart::last;
  } else {
    events_.emplace_back(BodyReceived{stream.id, {}, {}, BodyPart::last});
  }
}

void Engine::close(Stream& stream, ErrorCode code) {
  if (!stream.response_ended && !stream.reset_by_owner) guard_.on_reset(now_);
  const bool may_hear_more = !stream.request_ended && !stream.reset_by_client;
  if (may_hear_more) closed_.reset_by_server(static_cast<std::int32_t>(stream.id));
  events_.emplace_back(StreamClosed{stream.id, code, stream.reset_by_engine, stream.queued()});
}

// --- sending ---

ssize_t Engine::Callbacks::read_body(nghttp2_session* session, std::int32_t number, std::uint8_t*,
                                     std::size_t most, std::uint32_t* flags,
                                     nghttp2_data_source* source, void* engine) {
  auto& stream = *static_cast<Stream*>(source->ptr);
  const std::size_t size = stream.ready(most);
  const bool ends = stream.response_ends && size == stream.queued();
  if (size == 0 && !ends) {
    stream.waits_for_bytes = true;
    if (auto part = stream.next_file_wanted()) {
      self(engine).events_.emplace_back(FileWanted{stream.id, std::move(*part)});
    }
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!ends) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!stream.trailers.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const FieldList fields(stream.trailers);
    nghttp2_submit_trailer(session, number, fields.data(), fields.size());
  }
  return static_cast<ssize_t>(size);
}

int Engine::Callbacks::send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_header,
                                 std::size_t size, nghttp2_data_source* source, void* engine) {
  Engine& my = self(engine);
  auto& stream = *static_cast<Stream*>(source->ptr);
  constexpr std::size_t frame_header_size = 9;
  my.sink_->write(view(frame_header, frame_header_size));
  if (size > 0) {
    stream.write(size, *my.sink_);
    my.note_drained(stream);
  }
  my.data_sent_at_ = my.now_;
  if (size >= useful_data || stream.queued() == 0) my.guard_.on_data_sent();
  my.room_ -= std::min(my.room_, frame_header_size + size);
  return my.room_ == 0 ? NGHTTP2_ERR_PAUSE : 0;
}

void Engine::note_drained(Stream& stream) {
  if (std::exchange(stream.drain_batch, batch_) == batch_) return;
  events_.emplace_back(Drained{stream.id});
}

int Engine::Callbacks::on_frame_send(nghttp2_session* session, const nghttp2_frame* frame,
                                     void* engine) {
  Engine& my = self(engine);
  auto* const stream =
      static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  switch (frame->hd.type) {
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
      if (stream == nullptr || !has_flag(frame, NGHTTP2_FLAG_END_STREAM)) break;
      stream->response_ended = true;
      if (!stream->request_ended) {
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_NO_ERROR);
      }
      break;
    case NGHTTP2_RST_STREAM:
      if (stream == nullptr || stream->reset_by_owner || stream->response_ended) break;
      stream->reset_by_engine = true;
      break;
    case NGHTTP2_GOAWAY:
      if (frame->goaway.error_code == NGHTTP2_NO_ERROR) {
        // The client answers it behind the announcement.
        const bool announces = frame->goaway.last_stream_id == last_stream_of_all;
        if (announces) nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, nullptr);
        break;
      }
      if (my.fault_) break;
      my.fault_ = Fault{static_cast<ErrorCode>(frame->goaway.error_code),
                        std::string(view(frame->goaway.opaque_data, frame->goaway.opaque_data_len)),
                        {}};
      break;
    default:
      break;
  }
  return 0;
}

// The head is too large for nghttp2, unless the client has closed the stream meanwhile.
int Engine::Callbacks::on_frame_not_send(nghttp2_session*, const nghttp2_frame* frame, int,
                                         void* engine) {
  if (frame->hd.type == NGHTTP2_HEADERS) {
    self(engine).reset(StreamId{frame->hd.stream_id}, ErrorCode::internal_error);
  }
  return 0;
}

}  // namespace sioserve::http2

#include "server/ws/message_reader.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "server/base/utf8.h"

namespace sioserve::ws {
namespace {

constexpr std::uint16_t normal_closure = 1000;
constexpr std::uint16_t protocol_error = 1002;
constexpr std::uint16_t no_status = 1005;
constexpr std::uint16_t abnormal_closure = 1006;
constexpr std::uint16_t invalid_payload = 1007;
constexpr std::uint16_t message_too_big = 1009;
constexpr unsigned final_fragment = 0x80;
constexpr std::size_t max_reason = 123;  // a control frame holds 125 bytes, two for the code
// A message's first allocation trusts the frame's announced size up to here.
constexpr std::size_t trusted_size = 65'536;

bool may_be_sent(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

// Cut before a character that would not fit whole.
std::string_view cut_reason(std::string_view reason) {
  if (reason.size() <= max_reason) return reason;
  std::size_t size = max_reason;
  while (size > 0 && (static_cast<unsigned char>(reason[size]) & 0xc0) == 0x80) --size;
  return reason.substr(0, size);
}

std::string_view failure_text(std::uint16_t code) {
  switch (code) {
    case invalid_payload:
      return "invalid UTF-8";
    case message_too_big:
      return "message too big";
    default:
      return "protocol error";
  }
}

}  // namespace

struct MessageReader::Callbacks {
  static MessageReader& self(void* user_data) { return *static_cast<MessageReader*>(user_data); }

  static ssize_t on_receive(wslay_event_context_ptr context, std::uint8_t* buffer, std::size_t size,
                            int, void* user_data) {
    std::string_view& input = self(user_data).input_;
    if (input.empty()) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    size = std::min(size, input.size());
    std::memcpy(buffer, input.data(), size);
    input.remove_prefix(size);
    return static_cast<ssize_t>(size);
  }
  // wslay's own answers are dropped: it does not always say why it closes.
  static ssize_t on_send(wslay_event_context_ptr, const std::uint8_t*, std::size_t size, int,
                         void*) {
    return static_cast<ssize_t>(size);
  }
  static void on_frame_start(wslay_event_context_ptr,
                             const wslay_event_on_frame_recv_start_arg* frame, void* user_data) {
    self(user_data).begin_frame(frame->opcode, frame->payload_length);
  }
  static void on_frame_chunk(wslay_event_context_ptr,
                             const wslay_event_on_frame_recv_chunk_arg* chunk, void* user_data) {
    self(user_data).append_chunk({reinterpret_cast<const char*>(chunk->data), chunk->data_length});
  }
  static void on_frame_end(wslay_event_context_ptr, void* user_data) {
    self(user_data).end_frame();
  }
  static void on_message(wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* message,
                         void* user_data) {
    self(user_data).end_message(*message);
  }
};

MessageReader::MessageReader(std::size_t max_message_size) : max_message_size_(max_message_size) {
  wslay_event_callbacks callbacks{};
  callbacks.recv_callback = Callbacks::on_receive;
  callbacks.send_callback = Callbacks::on_send;
  callbacks.on_frame_recv_start_callback = Callbacks::on_frame_start;
  callbacks.on_frame_recv_chunk_callback = Callbacks::on_frame_chunk;
  callbacks.on_frame_recv_end_callback = Callbacks::on_frame_end;
  callbacks.on_msg_recv_callback = Callbacks::on_message;
  wslay_event_context_ptr context = nullptr;
  if (wslay_event_context_server_init(&context, &callbacks, this) != 0) throw std::bad_alloc();
  context_.reset(context);
  wslay_event_config_set_no_buffering(context, 1);
  wslay_event_config_set_max_recv_msg_length(context, max_message_size);
}

MessageReader::~MessageReader() = default;

void MessageReader::feed(std::string_view input, std::vector<Message>& messages) {
  if (state_ == State::closed) return;
  input_ = input;
  messages_ = &messages;
  const int result = wslay_event_recv(context_.get());
  input_ = {};
  messages_ = nullptr;
  wslay_event_send(context_.get());  // empties its queue
  if (result != 0 || wslay_event_get_read_enabled(context_.get()) == 0) end();
}

void MessageReader::end() {
  const bool answer = std::exchange(state_, State::closed) == State::open;
  if (close_received_ && !failure_) {
    if (answer) append_close_frame(close_code_, "");
    return;
  }
  close_code_ = abnormal_closure;
  const std::uint16_t found_by_wslay = wslay_event_get_status_code_sent(context_.get());
  const std::uint16_t code =
      failure_.value_or(may_be_sent(found_by_wslay) ? found_by_wslay : protocol_error);
  close_reason_ = failure_text(code);
  if (answer) append_close_frame(code, "");
}

void MessageReader::close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::open) return;
  state_ = State::closing;
  append_close_frame(code == no_status || may_be_sent(code) ? code : normal_closure, reason);
}

void MessageReader::append_close_frame(std::uint16_t code, std::string_view reason) {
  std::string payload;
  if (code != no_status) {
    payload += static_cast<char>(code >> 8);
    payload += static_cast<char>(code & 0xff);
    payload += cut_reason(reason);
  }
  append_control_frame(WSLAY_CONNECTION_CLOSE, payload);
}

void MessageReader::append_control_frame(std::uint8_t opcode, std::string_view payload) {
  output_ += static_cast<char>(final_fragment | opcode);
  output_ += static_cast<char>(payload.size());
  output_ += payload;
}

std::string MessageReader::take_output() { return std::exchange(output_, std::string()); }

void MessageReader::begin_frame(std::uint8_t opcode, std::uint64_t size) {
  frame_opcode_ = opcode;
  if (wslay_is_ctrl_frame(opcode)) return;
  // wslay looks at the size of each frame only.
  if (payload_.size() + size > max_message_size_) {
    payload_ = std::string();
    failure_ = message_too_big;
    wslay_event_shutdown_read(context_.get());
    return;
  }
  if (payload_.empty()) payload_.reserve(std::min<std::size_t>(size, trusted_size));
}

void MessageReader::append_chunk(std::string_view bytes) {
  if (frame_opcode_ == WSLAY_CONNECTION_CLOSE) {
    close_payload_.append(bytes);
  } else if (!wslay_is_ctrl_frame(frame_opcode_) && !failure_) {
    payload_.append(bytes);
  }
}

// Read here and not by wslay, which knows no code above 1011 below 3000, and misses invalid UTF-8
// in a frame that comes in pieces.
void MessageReader::end_frame() {
  if (frame_opcode_ != WSLAY_CONNECTION_CLOSE) return;
  close_received_ = true;
  const std::string payload = std::exchange(close_payload_, std::string());
  if (payload.empty()) {
    close_code_ = no_status;
  } else if (payload.size() == 1) {
    failure_ = protocol_error;
  } else {
    close_code_ = static_cast<std::uint16_t>((static_cast<unsigned char>(payload[0]) << 8) |
                                             static_cast<unsigned char>(payload[1]));
    close_reason_ = payload.substr(2);
    if (!may_be_sent(close_code_)) failure_ = protocol_error;
    if (!is_utf8(close_reason_)) failure_ = invalid_payload;
  }
}

void MessageReader::end_message(const wslay_event_on_msg_recv_arg& message) {
  if (message.opcode == WSLAY_PING && state_ == State::open) {
    append_control_frame(WSLAY_PONG,
                         {reinterpret_cast<const char*>(message.msg), message.msg_length});
  }
  if (wslay_is_ctrl_frame(message.opcode)) return;
  std::string payload = std::exchange(payload_, std::string());
  if (state_ != State::open || failure_) return;
  messages_->push_back(
      {message.opcode == WSLAY_TEXT_FRAME ? MessageKind::text : MessageKind::binary,
       std::move(payload)});
}

}  // namespace sioserve::ws

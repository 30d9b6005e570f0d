#include "server/ws/message_reader.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace sioserve::ws {
namespace {

constexpr std::uint16_t normal_closure = 1000;
constexpr std::uint16_t no_status = 1005;
constexpr std::string_view close_without_code("\x88\x00", 2);
constexpr std::string_view close_with_protocol_error("\x88\x02\x03\xea", 4);
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
    case WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA:
      return "invalid UTF-8";
    case WSLAY_CODE_MESSAGE_TOO_BIG:
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
  static ssize_t on_send(wslay_event_context_ptr, const std::uint8_t* bytes, std::size_t size, int,
                         void* user_data) {
    self(user_data).output_.append(reinterpret_cast<const char*>(bytes), size);
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
  wslay_event_send(context_.get());

  if (result != 0 || wslay_event_get_read_enabled(context_.get()) == 0) end();
}

void MessageReader::end() {
  state_ = State::closed;
  const bool close_received = wslay_event_get_close_received(context_.get()) != 0;
  if (close_received && !peer_failure_) {
    close_code_ = wslay_event_get_status_code_received(context_.get());
    return;
  }
  // wslay says nothing about why it stops at a broken frame.
  if (!peer_failure_ && output_.ends_with(close_without_code)) peer_failure_ = protocol_error;
  if (peer_failure_ && last_close_ != std::string::npos) {}
  close_reason_ = failure_text(wslay_event_get_status_code_sent(context_.get()));
}

void MessageReader::close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::open) return;
  state_ = State::closing;
  if (code == no_status) {
    wslay_event_queue_close(context_.get(), 0, nullptr, 0);
  } else {
    const std::string_view text = cut_reason(reason);
    wslay_event_queue_close(context_.get(), may_be_sent(code) ? code : normal_closure,
                            reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  wslay_event_send(context_.get());
}

std::string MessageReader::take_output() { return std::exchange(output_, std::string()); }

void MessageReader::begin_frame(std::uint8_t opcode, std::uint64_t size) {
  in_control_frame_ = wslay_is_ctrl_frame(opcode) != 0;
  if (in_control_frame_) return;
  // wslay looks at the size of each frame only.
  if (payload_.size() + size > max_message_size_) {
    payload_ = std::string();
    wslay_event_queue_close(context_.get(), WSLAY_CODE_MESSAGE_TOO_BIG, nullptr, 0);
    wslay_event_shutdown_read(context_.get());
    return;
  }
  if (payload_.empty()) payload_.reserve(std::min<std::size_t>(size, trusted_size));
}

void MessageReader::append_chunk(std::string_view bytes) {
  if (in_control_frame_ || wslay_event_get_read_enabled(context_.get()) == 0) return;
  payload_.append(bytes);
}

void MessageReader::end_message(const wslay_event_on_msg_recv_arg& message) {
  switch (message.opcode) {
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME: {
      std::string payload = std::exchange(payload_, std::string());
      if (state_ != State::open || wslay_event_get_read_enabled(context_.get()) == 0) return;
      messages_->push_back(
          {message.opcode == WSLAY_TEXT_FRAME ? MessageKind::text : MessageKind::binary,
           std::move(payload)});
      return;
    }
    case WSLAY_CONNECTION_CLOSE:
      if (message.msg_length == 1) peer_failure_ = protocol_error;
      if (message.msg_length <= 2) return;
      // Behind the two bytes of the code.
      close_reason_.assign(reinterpret_cast<const char*>(message.msg) + 2, message.msg_length - 2);
      if (!is_utf8(close_reason_)) peer_failure_ = invalid_payload;
      return;
    default:  // ping and pong: wslay answers
      return;
  }
}

}  // namespace sioserve::ws

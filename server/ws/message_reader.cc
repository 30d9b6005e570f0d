#include "server/ws/message_reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "server/base/utf8.h"
#include "server/ws/frame.h"

namespace sioserve::ws {
namespace {

constexpr std::uint16_t normal_closure = 1000;
constexpr std::uint16_t protocol_error = 1002;
constexpr std::uint16_t no_status = 1005;
constexpr std::uint16_t abnormal_closure = 1006;
constexpr std::uint16_t invalid_payload = 1007;
constexpr std::uint16_t message_too_big = 1009;
constexpr std::size_t max_reason = 123;  // bytes: a control frame holds 125, the code takes two
// A frame's header may announce any size, so at most this many bytes are allocated in advance.
constexpr std::size_t trusted_size = 65'536;
constexpr std::size_t max_idle_parsers = 64;

bool may_be_sent(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

// Cuts the text before a character that does not fit.
std::string_view cut_reason(std::string_view reason) {
  if (reason.size() <= max_reason) return reason;
  std::size_t size = max_reason;
  while (size > 0 && (static_cast<unsigned char>(reason[size]) & 0xc0) == 0x80) --size;
  return reason.substr(0, size);
}

// The size of a client's frame header, with the mask. wslay refuses sizes that are not in the
// shortest form.
std::int64_t header_size(std::uint64_t payload_size) {
  constexpr std::int64_t shortest = 2 + 4;
  if (payload_size < 126) return shortest;
  return shortest + (payload_size <= 0xffff ? 2 : 8);
}

std::size_t limit_of(std::size_t setting) {
  return setting == 0 ? std::numeric_limits<std::size_t>::max() : setting;
}

}  // namespace

// --- ParserPool ---

struct ParserPool::Parser {
  Parser() {
    wslay_event_callbacks callbacks{};
    callbacks.recv_callback = on_receive;
    callbacks.send_callback = on_send;
    callbacks.on_frame_recv_start_callback = on_frame_start;
    callbacks.on_frame_recv_chunk_callback = on_frame_chunk;
    callbacks.on_frame_recv_end_callback = on_frame_end;
    callbacks.on_msg_recv_callback = on_message;
    if (wslay_event_context_server_init(&context, &callbacks, this) != 0) throw std::bad_alloc();
    wslay_event_config_set_no_buffering(context, 1);
    // The reader checks the limits: wslay has a limit for each frame only.
    wslay_event_config_set_max_recv_msg_length(context, std::numeric_limits<std::uint64_t>::max());
  }
  ~Parser() { wslay_event_context_free(context); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  static MessageReader& reader_of(void* user_data) {
    return *static_cast<Parser*>(user_data)->reader;
  }

  static ssize_t on_receive(wslay_event_context_ptr event_context, std::uint8_t* buffer,
                            std::size_t size, int, void* user_data) {
    size = reader_of(user_data).take_input(reinterpret_cast<char*>(buffer), size);
    if (size > 0) return static_cast<ssize_t>(size);
    wslay_event_set_error(event_context, WSLAY_ERR_WOULDBLOCK);
    return -1;
  }
  // wslay's own close frames are dropped, because some of them have no reason.
  static ssize_t on_send(wslay_event_context_ptr, const std::uint8_t*, std::size_t size, int,
                         void*) {
    return static_cast<ssize_t>(size);
  }
  static void on_frame_start(wslay_event_context_ptr,
                             const wslay_event_on_frame_recv_start_arg* frame, void* user_data) {
    reader_of(user_data).begin_frame(*frame);
  }
  static void on_frame_chunk(wslay_event_context_ptr,
                             const wslay_event_on_frame_recv_chunk_arg* chunk, void* user_data) {
    reader_of(user_data).append_chunk(
        {reinterpret_cast<const char*>(chunk->data), chunk->data_length});
  }
  static void on_frame_end(wslay_event_context_ptr, void* user_data) {
    reader_of(user_data).end_frame();
  }
  static void on_message(wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* message,
                         void* user_data) {
    reader_of(user_data).end_message(*message);
  }

  wslay_event_context_ptr context = nullptr;
  MessageReader* reader = nullptr;  // the reader that uses it, or null
};

void ParserPool::Delete::operator()(Parser* parser) const { delete parser; }

ParserPool::ParserPtr ParserPool::take() {
  if (idle_.empty()) return ParserPtr(new Parser);
  ParserPtr parser = std::move(idle_.back());
  idle_.pop_back();
  return parser;
}

void ParserPool::give_back(ParserPtr parser) {
  if (idle_.size() < max_idle_parsers) idle_.push_back(std::move(parser));
}

// --- MessageReader ---

MessageReader::MessageReader(ParserPool& parsers, MessageLimits limits,
                             std::unique_ptr<Inflater> inflater)
    : parsers_(parsers),
      max_message_(limit_of(limits.message)),
      max_frame_(limit_of(limits.frame)),
      inflater_(std::move(inflater)) {}

MessageReader::~MessageReader() = default;

void MessageReader::feed(std::string_view input, std::vector<Message>& messages) {
  if (state_ == State::closed) return;
  inflated_ = false;
  if (close_frame_size_ == 0) {
    input = receive_whole(input, messages);
    if (!input.empty()) receive(input, messages);
  } else {
    begun_ += input.substr(0, close_frame_size_ - begun_.size());
  }
  if (close_frame_size_ == 0 || begun_.size() < close_frame_size_) return;
  close_frame_size_ = 0;
  const std::string close_frame = std::exchange(begun_, std::string());
  receive(close_frame, messages);
}

bool MessageReader::is_between_frames() const {
  return !parser_ && !within_message_ && close_frame_size_ == 0 && begun_.empty();
}

std::string_view MessageReader::receive_whole(std::string_view input,
                                              std::vector<Message>& messages) {
  while (!input.empty()) {
    if (!whole_) {
      if (state_ != State::open || !is_between_frames()) break;
      const std::optional<WholeFrame> next = WholeFrame::at(input);
      // wslay's callbacks refuse what is too big.
      if (!next || next->left() > std::min(max_frame_, max_message_)) break;
      whole_ = next;
      input.remove_prefix(next->header_size());
      payload_.reserve(std::min<std::size_t>(next->left(), trusted_size));
    }
    const bool is_wanted = state_ == State::open;
    input.remove_prefix(is_wanted ? whole_->add(input, payload_) : whole_->skip(input));
    if (whole_->left() > 0) break;
    const MessageKind kind = whole_->kind();
    whole_.reset();
    if (is_wanted) end_whole(kind, messages);
    if (state_ == State::closed) return {};
  }
  return input;
}

void MessageReader::end_whole(MessageKind kind, std::vector<Message>& messages) {
  std::string payload = std::exchange(payload_, std::string());
  if (kind == MessageKind::text && !is_utf8(payload)) {
    fault_ = Fault::invalid_text;
    return end();
  }
  messages.push_back({kind, std::move(payload)});
}

void MessageReader::receive(std::string_view input, std::vector<Message>& messages) {
  if (!parser_) {
    parser_ = parsers_.take();
    parser_->reader = this;
    wslay_event_config_set_allowed_rsv_bits(context(), inflater_ ? WSLAY_RSV1_BIT : WSLAY_RSV_NONE);
  }
  input_ = input;
  messages_ = &messages;
  const int result = wslay_event_recv(context());
  input_ = {};
  messages_ = nullptr;
  wslay_event_send(context());  // empties wslay's queue
  if (close_frame_size_ != 0) {
    parser_.reset();
    unfinished_ = 0;
    close_payload_.clear();
    return;
  }
  if (result != 0 || wslay_event_get_read_enabled(context()) == 0) {
    end();
    parser_.reset();
  } else if (unfinished_ == 0 && !within_message_) {
    parsers_.give_back(std::move(parser_));
  } else if (unfinished_ > 0) {
    const std::size_t more = static_cast<std::size_t>(unfinished_) - begun_.size();
    begun_ += input.substr(input.size() - more);
  }
}

wslay_event_context_ptr MessageReader::context() const { return parser_->context; }

std::size_t MessageReader::take_input(char* buffer, std::size_t size) {
  size = std::min(size, input_.size());
  std::memcpy(buffer, input_.data(), size);
  input_.remove_prefix(size);
  unfinished_ += static_cast<std::int64_t>(size);
  return size;
}

void MessageReader::end() {
  const bool answer = std::exchange(state_, State::closed) == State::open;
  payload_ = std::string();
  if (close_received_ && !fault_) {
    if (answer) append_close_frame(close_code_, close_reason_);
    return;
  }
  const Fault fault = fault_ ? *fault_ : fault_found_by_wslay();
  close_code_ = too_big() ? message_too_big : abnormal_closure;
  close_reason_ = text_of(fault);
  failed_ = answer;
  if (answer) append_close_frame(code_of(fault), close_reason_);
}

// Called within a callback of wslay; feed() handles the fault afterwards.
void MessageReader::fail(Fault fault) {
  if (!fault_) fault_ = fault;
  wslay_event_shutdown_read(context());
}

MessageReader::Fault MessageReader::fault_found_by_wslay() const {
  return wslay_event_get_status_code_sent(context()) == invalid_payload ? Fault::invalid_text
                                                                        : Fault::protocol;
}

std::uint16_t MessageReader::code_of(Fault fault) {
  switch (fault) {
    case Fault::protocol:
      return protocol_error;
    case Fault::invalid_text:
    case Fault::invalid_compression:
      return invalid_payload;
    case Fault::message_too_big:
    case Fault::frame_too_big:
      return message_too_big;
  }
  assert(false);
  return protocol_error;
}

std::string_view MessageReader::text_of(Fault fault) {
  switch (fault) {
    case Fault::protocol:
      return "protocol error";
    case Fault::invalid_text:
      return "invalid UTF-8";
    case Fault::invalid_compression:
      return "invalid compressed data";
    case Fault::message_too_big:
      return "message too big";
    case Fault::frame_too_big:
      return "frame too big";
  }
  assert(false);
  return "protocol error";
}

MessageReader::Fault MessageReader::fault_of(Inflater::Error error) {
  switch (error) {
    case Inflater::Error::corrupt:
      return Fault::invalid_compression;
    case Inflater::Error::too_big:
      return Fault::message_too_big;
  }
  assert(false);
  return Fault::protocol;
}

void MessageReader::close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::open) return;
  state_ = State::closing;
  payload_ = std::string();
  append_close_frame(code == no_status || may_be_sent(code) ? code : normal_closure, reason);
}

void MessageReader::ping() {
  if (state_ == State::open) append_control_frame(WSLAY_PING, "");
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

void MessageReader::release_memory() {
  if (inflater_ && !within_message_ && state_ == State::open) inflater_->release();
}

void MessageReader::begin_frame(const wslay_event_on_frame_recv_start_arg& frame) {
  frame_opcode_ = frame.opcode;
  const auto given = static_cast<std::size_t>(unfinished_);
  // Two subtractions: the sum may be above 63 bits.
  unfinished_ -= header_size(frame.payload_length);
  unfinished_ -= static_cast<std::int64_t>(frame.payload_length);
  if (frame.opcode == WSLAY_CONNECTION_CLOSE && unfinished_ < 0) {
    return hold_close_frame(given, given + static_cast<std::size_t>(-unfinished_));
  }
  begun_.clear();
  if (wslay_is_ctrl_frame(frame.opcode)) return;
  if (!std::exchange(within_message_, true)) compressed_ = wslay_get_rsv1(frame.rsv) != 0;
  if (state_ != State::open) return;  // the message will be dropped
  // Incompressible data grows a little when it is compressed; that must not be refused.
  const std::size_t grown_by = compressed_ ? max_frame_ / 8 + 64 : 0;
  if (frame.payload_length > max_frame_ && frame.payload_length - max_frame_ > grown_by) {
    return fail(Fault::frame_too_big);
  }
  if (compressed_) return;
  if (frame.payload_length > max_message_ - payload_.size()) return fail(Fault::message_too_big);
  if (payload_.empty()) {
    payload_.reserve(std::min<std::size_t>(frame.payload_length, trusted_size));
  }
}

// The parser has read `given` bytes of the frame and gets no more.
void MessageReader::hold_close_frame(std::size_t given, std::size_t size) {
  const std::size_t before = begun_.size();
  begun_.append(input_.data() - (given - before), given - before);
  begun_ += input_.substr(0, size - given);
  close_frame_size_ = size;
  wslay_event_shutdown_read(context());
}

void MessageReader::append_chunk(std::string_view bytes) {
  if (frame_opcode_ == WSLAY_CONNECTION_CLOSE) {
    close_payload_.append(bytes);
  } else if (!wslay_is_ctrl_frame(frame_opcode_) && !fault_ && state_ == State::open) {
    if (!compressed_) {
      payload_.append(bytes);
      return;
    }
    inflated_ = true;
    if (const auto error = inflater_->add(bytes, payload_, max_message_)) fail(fault_of(*error));
  }
}

// Parsed here, because wslay rejects codes from 1012 to 2999.
void MessageReader::end_frame() {
  if (frame_opcode_ != WSLAY_CONNECTION_CLOSE) return;
  close_received_ = true;
  const std::string payload = std::exchange(close_payload_, std::string());
  if (payload.empty()) {
    close_code_ = no_status;
  } else if (payload.size() == 1) {
    fault_ = Fault::protocol;
  } else {
    close_code_ = static_cast<std::uint16_t>((static_cast<unsigned char>(payload[0]) << 8) |
                                             static_cast<unsigned char>(payload[1]));
    close_reason_ = payload.substr(2);
    if (!may_be_sent(close_code_)) fault_ = Fault::protocol;
  }
}

void MessageReader::end_message(const wslay_event_on_msg_recv_arg& message) {
  if (message.opcode == WSLAY_PING && state_ == State::open) {
    append_control_frame(WSLAY_PONG,
                         {reinterpret_cast<const char*>(message.msg), message.msg_length});
  }
  if (wslay_is_ctrl_frame(message.opcode) || fault_) return;
  within_message_ = false;
  if (state_ != State::open) return;
  const bool is_text = message.opcode == WSLAY_TEXT_FRAME;
  if (compressed_) {
    if (const auto error = inflater_->finish(payload_, max_message_)) return fail(fault_of(*error));
    // wslay validates only uncompressed text.
    if (is_text && !is_utf8(payload_)) return fail(Fault::invalid_text);
  }
  std::string payload = std::exchange(payload_, std::string());
  messages_->push_back({is_text ? MessageKind::text : MessageKind::binary, std::move(payload)});
}

}  // namespace sioserve::ws

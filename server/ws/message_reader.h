// The receiving side of a WebSocket (RFC 6455 sections 5 to 7), on wslay.
// It gets bytes and returns complete messages, and the bytes that the protocol must send: pongs and
// close frames. States: open; closing (we have sent a close frame, messages are dropped until the
// peer's close frame arrives); closed (the peer's close frame was answered, or the peer violated
// the protocol and got a close frame). Data frames are sent without this class: see frame.h.
//
// Uncompressed messages of one frame do not go through wslay: whole_frame.h.
//
// A message is collected in one string, so thousands of tiny fragments cost no more than their
// bytes. A compressed one (RFC 7692) is inflated as it arrives, and refused as soon as it exceeds
// the limit. Knows nothing of sockets, time, or the receiver of the messages.
#pragma once

#include <wslay/wslay.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/bytes.h"
#include "server/ws/deflate.h"
#include "server/ws/whole_frame.h"

namespace sioserve::ws {

struct Message {
  MessageKind kind;
  std::string payload;
};

// In bytes; 0: none. A larger message or frame is a failure with close code 1009.
struct MessageLimits {
  std::size_t message = 0;  // decompressed
  std::size_t frame = 0;    // on the wire; a compressed one may be an eighth larger
};

// wslay's contexts, for the readers of one thread. A context takes 9 KB, more than the rest of an
// idle connection, and a reader needs one only from a frame's first byte to the end of its message.
class ParserPool {
 public:
  struct Parser;
  struct Delete {
    void operator()(Parser* parser) const;
  };
  using ParserPtr = std::unique_ptr<Parser, Delete>;

  ParserPtr take();
  // Call it only between two messages.
  void give_back(ParserPtr parser);
  std::size_t size() const { return idle_.size(); }

 private:
  std::vector<ParserPtr> idle_;
};

class MessageReader {
 public:
  enum class State { open, closing, closed };

  // The pool outlives the reader. With an inflater messages may be compressed.
  MessageReader(ParserPool& parsers, MessageLimits limits,
                std::unique_ptr<Inflater> inflater = nullptr);
  MessageReader(const MessageReader&) = delete;
  MessageReader& operator=(const MessageReader&) = delete;
  ~MessageReader();

  // Appends the complete messages. Input after a close frame or a failure is dropped.
  void feed(std::string_view input, std::vector<Message>& messages);

  // Sends a close frame; a second call does nothing. 1005 sends one without a code. A code that is
  // not allowed in a frame becomes 1000; a long reason is cut.
  void close(std::uint16_t code, std::string_view reason);

  void ping();

  // Pings, pongs and close frames to send, in order. They are returned once.
  std::string take_output();

  // Frees the memory for decompression until it is needed again, unless a message is being
  // received.
  void release_memory();
  // Whether the last feed() had compressed data.
  bool inflated() const { return inflated_; }

  State state() const { return state_; }
  // The peer's close code (1005 if its frame had none), 1009 if a limit was exceeded, otherwise
  // 1006 without a close frame; and its reason or its protocol error.
  std::uint16_t close_code() const { return close_code_; }
  const std::string& close_reason() const { return close_reason_; }
  // Whether the peer violated the protocol before either side closed. The close frame for it is the
  // last of the output.
  bool failed() const { return failed_; }
  // Whether the error was a message or frame above the limits.
  bool too_big() const {
    return fault_ == Fault::message_too_big || fault_ == Fault::frame_too_big;
  }

 private:
  friend struct ParserPool::Parser;  // uses the members below

  // The rest of the input after whole frames.
  std::string_view receive_whole(std::string_view input, std::vector<Message>& messages);
  void end_whole(MessageKind kind, std::vector<Message>& messages);
  bool is_between_frames() const;
  void receive(std::string_view input, std::vector<Message>& messages);
  std::size_t take_input(char* buffer, std::size_t size);
  // The peer's protocol error.
  enum class Fault { protocol, invalid_text, invalid_compression, message_too_big, frame_too_big };
  static std::uint16_t code_of(Fault fault);
  static std::string_view text_of(Fault fault);
  static Fault fault_of(Inflater::Error error);

  void begin_frame(const wslay_event_on_frame_recv_start_arg& frame);
  void hold_close_frame(std::size_t given, std::size_t size);
  void append_chunk(std::string_view bytes);
  void end();
  void fail(Fault fault);
  Fault fault_found_by_wslay() const;
  wslay_event_context_ptr context() const;
  void append_close_frame(std::uint16_t code, std::string_view reason);
  void append_control_frame(std::uint8_t opcode, std::string_view payload);
  void end_frame();
  void end_message(const wslay_event_on_msg_recv_arg& message);

  ParserPool& parsers_;
  std::size_t max_message_;
  std::size_t max_frame_;
  std::unique_ptr<Inflater> inflater_;  // null: messages are not compressed
  State state_ = State::open;
  std::uint16_t close_code_ = 1006;
  std::string close_reason_;
  std::string_view input_;
  std::vector<Message>* messages_ = nullptr;
  std::string payload_;  // of the message that is being received, decompressed
  bool within_message_ = false;
  bool compressed_ = false;  // the message that is being received
  bool inflated_ = false;
  std::uint8_t frame_opcode_ = 0;
  std::string close_payload_;
  bool close_received_ = false;
  std::optional<Fault> fault_;
  bool failed_ = false;
  std::string output_;
  ParserPool::ParserPtr parser_;  // null between two messages
  // Bytes given to the parser, minus the sizes of the frames it has begun: 0 between two frames.
  std::int64_t unfinished_ = 0;
  // An incomplete frame header, or an incomplete close frame. wslay checks the reason of a close
  // frame in parts as if each part began with a code, so a close frame is collected here first.
  std::string begun_;
  std::size_t close_frame_size_ = 0;  // 0: no close frame is being received
  std::optional<WholeFrame> whole_;   // while it is being received
};

}  // namespace sioserve::ws

// Find the ends of what a server sends: HTTP responses, or WebSocket messages. They get bytes, and
// know no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace load {

// An error of the server, or of a call: ends the program.
[[noreturn]] void fail(const std::string& message);

class AnswerReader {
 public:
  virtual ~AnswerReader() = default;
  AnswerReader() = default;
  AnswerReader(const AnswerReader&) = delete;
  AnswerReader& operator=(const AnswerReader&) = delete;

  // Takes bytes until the end of one answer, and returns how many.
  virtual std::size_t take(std::string_view data) = 0;
  // Whether the last call reached that end.
  bool complete() const { return complete_; }
  // Of the complete answer's body or message, in bytes.
  std::size_t size() const { return size_; }

 protected:
  bool complete_ = false;
  std::size_t size_ = 0;
};

// Responses with a Content-Length; fails when the status is not 200.
class ResponseReader final : public AnswerReader {
 public:
  std::size_t take(std::string_view data) override;

 private:
  bool in_body_ = false;
  std::size_t left_ = 0;
  std::string head_;  // of a response that came in parts
};

// Messages in one or several frames. Pings are not answered: a measurement is shorter than a
// server's patience. Fails when the server closes.
class MessageReader final : public AnswerReader {
 public:
  std::size_t take(std::string_view data) override;

 private:
  std::size_t head_size() const;
  std::size_t payload_size() const;
  void end_frame();

  std::string head_;             // of the frame
  std::size_t left_ = 0;         // of its payload
  std::size_t size_before_ = 0;  // of the message, without this frame
};

}  // namespace load

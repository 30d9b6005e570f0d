// The byte form of messages: a frame is its length (32 bits, without itself), its type (8 bits) and
// the fields of the message in their order. Numbers are in network byte order; a text is its length
// (32 bits) and its bytes; a list is its length and its elements.
//
// Knows no sockets. The peer may be hostile: any bytes are messages or a FrameError, after which
// the stream is unusable, and memory is limited by the largest frame and by the bytes that have
// arrived.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/forwarding/messages.h"

namespace sioserve::forwarding {

// The largest frame that is sent or accepted, in bytes.
inline constexpr std::size_t max_frame = 268'435'456;

enum class FrameError {
  too_large,  // more than the limit
  malformed,  // an unknown type, or bytes that are not such a message
};

// Appends a frame to `out`. False: it would be larger than max_frame; nothing is appended.
bool append_frame(const Message& message, std::string& out);

class FrameReader {
 public:
  explicit FrameReader(std::size_t limit) : limit_(limit) {}

  void feed(std::string_view bytes);
  // The next message; nullopt: it has not arrived completely. After an error, always the error.
  Result<std::optional<Message>, FrameError> next();

  void set_limit(std::size_t limit) { limit_ = limit; }

 private:
  std::size_t limit_;
  std::string buffer_;
  std::size_t read_ = 0;  // of `buffer_`
  std::optional<FrameError> error_;
};

}  // namespace sioserve::forwarding

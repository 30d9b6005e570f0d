// The byte stream between the I/O process and a Python process. Each message is a frame: its length
// (32 bits, without itself), its kind, the number of its descriptors, and its wire form (wire.h).
// The stream carries descriptors beside the bytes (SCM_RIGHTS); frames take them in their order.
//
// Knows nothing of sockets. A FrameWriter collects messages, so that one write sends all that a
// turn has produced; a FrameReader finds the messages in whatever parts the bytes arrive. The peer
// may be hostile: any bytes are messages or a FrameError, after which the stream is unusable, and
// memory is limited by `max_frame` and by the bytes that have arrived.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/file_descriptor.h"
#include "server/base/result.h"
#include "server/port/messages.h"
#include "server/port/wire.h"

namespace sioserve::port {

// The largest frame that is sent or accepted, in bytes.
inline constexpr std::size_t max_frame = 268'435'456;

// Descriptors that one frame may have.
inline constexpr std::size_t max_frame_descriptors = 8;

// The answer to a question, which goes to the process that has asked.
struct QuestionAnswered {
  QuestionId question;
  Answer answer;
};

// What the I/O process sends.
using ToPython = std::variant<Event, QuestionAnswered>;

enum class FrameError {
  too_large,             // more than max_frame
  too_short,             // no room for the kind and the number of descriptors
  unknown_kind,          // or one that goes in the other direction
  bad_message,           // see WireError
  missing_descriptor,    // fewer have arrived than the frame says
  unwanted_descriptors,  // more wait than one frame may have, and no frame takes them
};

// For log lines.
const char* describe(FrameError error);

class FrameWriter {
 public:
  enum class Added { yes, too_large };

  // `too_large`: nothing was added.
  Added add(const Event& event);
  // One with descriptors is moved away, and kept until they are sent.
  Added add(Command& command);
  Added add(QuestionId question, const Answer& answer);

  bool empty() const { return size() == 0; }
  // Bytes that are not sent yet.
  std::size_t size() const { return buffer_.size() - sent_; }

  // What to send next, in one call. Valid until the writer changes.
  struct Part {
    std::string_view bytes;
    std::span<const int> descriptors;  // to be sent with the first byte
  };
  Part next() const;
  // The first `bytes` of next() have been sent, with its descriptors. Not 0.
  void sent(std::size_t bytes);

 private:
  // A command whose descriptors belong to the frame that begins at `start`.
  struct Carried {
    std::size_t start;
    Command command;
    std::vector<int> descriptors;
  };

  template <typename Encode>
  Added add_frame(std::uint8_t kind, std::vector<int>& descriptors, Encode encode);

  std::string buffer_;
  std::size_t sent_ = 0;  // of `buffer_`
  std::deque<Carried> carried_;
};

// `Message`: ToPython or Command.
template <typename Message>
class FrameReader {
 public:
  // The bytes of one read, and the descriptors that came with them; an empty one stands for those
  // that were lost (local_socket.h). The files of that frame have no descriptor then.
  void feed(std::string_view bytes, std::vector<FileDescriptor> descriptors = {});

  // The next message; nullopt: it has not arrived completely. After an error, always the error.
  Result<std::optional<Message>, FrameError> next();

  // Bytes that next() has not returned yet.
  std::size_t buffered() const { return buffer_.size() - read_; }

 private:
  Failure<FrameError> fail(FrameError error);
  Result<std::optional<Message>, FrameError> read_frame(std::string_view frame);

  std::string buffer_;
  std::size_t read_ = 0;  // of `buffer_`
  std::deque<FileDescriptor> descriptors_;
  std::optional<FrameError> error_;
};

extern template class FrameReader<ToPython>;
extern template class FrameReader<Command>;

}  // namespace sioserve::port

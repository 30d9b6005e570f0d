// Encrypting what a stream has queued.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "server/base/write_queue.h"

namespace sioserve::tls {

// Encrypted bytes that may wait in the stream below for the kernel.
inline constexpr std::size_t max_ahead = 65'536;
// Answers to the peer's control messages (a new key, an attempt to renegotiate) that it does not
// read: more is an attack.
inline constexpr std::size_t max_unread_answers = 262'144;

// Gives the next bytes of the queue to `engine`, an Engine or a Session: small parts joined in one
// record, or a large part. The next thing in the queue is not a file. `joined` is only memory.
template <typename Sender>
void send_next(Sender& engine, WriteQueue& queue, std::string& joined) {
  constexpr std::size_t record_size = 16'384;  // the largest plaintext of a record
  std::array<WriteQueue::Part, 16> parts;
  const std::size_t count = queue.next_parts(parts, max_ahead);
  if (count == 1 || parts[0].size >= record_size) {
    engine.send(parts[0].view());
    return queue.consume(parts[0].size);
  }
  joined.clear();
  for (std::size_t i = 0; i < count && joined.size() < record_size; ++i) {
    joined += parts[i].view().substr(0, record_size - joined.size());
  }
  engine.send(joined);
  queue.consume(joined.size());
  joined.clear();
}

}  // namespace sioserve::tls

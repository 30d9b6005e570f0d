// Copies the next bytes of a file to a non-blocking socket.
//
// A call may wait for the disk, so it runs outside the loop's thread, and it is limited, so that
// many downloads share the few threads. When the socket is full, it reads a small part instead:
// writing that through the loop tells the stream when the socket is writable again.
#pragma once

#include <cstddef>
#include <string>

#include "server/base/file_part.h"

namespace sioserve::net {

struct FilePortion {
  enum class Outcome {
    sent,           // `sent` bytes have been written to the socket
    read,           // `bytes` must be written first
    file_failed,    // the file is too short or cannot be read: `error`
    socket_failed,  // the connection is broken
  };
  Outcome outcome = Outcome::socket_failed;
  std::size_t sent = 0;
  std::string bytes;
  std::string error;
};

FilePortion send_portion(int socket, const FilePart& part);

// Only reads the next bytes, at most `max_size`. The outcome is `read` or `file_failed`.
FilePortion read_portion(const FilePart& part, std::size_t max_size);

}  // namespace sioserve::net

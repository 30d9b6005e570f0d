// The next bytes of a file into a socket that does not block.
//
// One call may wait for the disk, so it is made off the loop's thread, and it is bounded, so that
// many downloads share the few threads there are. When the socket is full, it reads a little
// instead: writing that through the loop is how the stream learns that there is room again.
#pragma once

#include <cstddef>
#include <string>

#include "server/base/file_part.h"

namespace sioserve::net {

struct FilePortion {
  enum class Outcome {
    sent,           // `sent` bytes have been written to the socket
    read,           // `bytes` are to be written first
    file_failed,    // it ends early or cannot be read: `error`
    socket_failed,  // the peer has gone
  };
  Outcome outcome = Outcome::socket_failed;
  std::size_t sent = 0;
  std::string bytes;
  std::string error;
};

FilePortion send_portion(int socket, const FilePart& part);

}  // namespace sioserve::net

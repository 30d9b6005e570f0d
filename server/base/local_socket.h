// Sends and receives on one end of a pair of Unix stream sockets, with file descriptors beside the
// bytes (SCM_RIGHTS). Nothing here waits, and a peer that has gone causes no signal.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "server/base/file_descriptor.h"

namespace sioserve {

// What became of a call.
enum class LocalIo {
  done,   // some bytes were sent or received
  again,  // not now: wait until the socket is writable, or readable
  ended,  // the peer has gone, or the socket is unusable
};

struct LocalSent {
  LocalIo outcome;
  std::size_t bytes;
};

// The descriptors, 8 at most, go with the first byte.
LocalSent send_on(int socket, std::string_view bytes, std::span<const int> descriptors);

struct LocalReceived {
  LocalIo outcome;
  std::size_t bytes;
  // Of one send_on() at most. If this process is at its limit of descriptors, some are lost; then
  // the last one here is empty (-1) and stands for all that are missing.
  std::vector<FileDescriptor> descriptors;
};

LocalReceived receive_on(int socket, std::span<char> buffer);

}  // namespace sioserve

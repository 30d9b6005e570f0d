#include "server/net/file_portion.h"

#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace sioserve::net {
namespace {

constexpr std::uint64_t max_sent = 1'048'576;
constexpr std::size_t max_read = 16'384;

FilePortion file_failure(std::string reason) {
  FilePortion portion;
  portion.outcome = FilePortion::Outcome::file_failed;
  portion.error = std::move(reason);
  return portion;
}

FilePortion ended_early() { return file_failure("it has become shorter while it was sent"); }

}  // namespace

FilePortion read_portion(const FilePart& part, std::size_t max_size) {
  FilePortion portion;
  portion.outcome = FilePortion::Outcome::read;
  try {
    portion.bytes.resize(std::min<std::uint64_t>(part.size, max_size));
  } catch (const std::bad_alloc&) {
    return file_failure(std::strerror(ENOMEM));
  }
  ssize_t size = 0;
  do {
    size = ::pread(part.file->descriptor.get(), portion.bytes.data(), portion.bytes.size(),
                   static_cast<off_t>(part.offset));
  } while (size < 0 && errno == EINTR);
  if (size < 0) return file_failure(std::strerror(errno));
  if (size == 0) return ended_early();
  portion.bytes.resize(static_cast<std::size_t>(size));
  return portion;
}

FilePortion send_portion(int socket, const FilePart& part) {
  auto offset = static_cast<off_t>(part.offset);
  ssize_t sent = 0;
  do {
    sent = ::sendfile(socket, part.file->descriptor.get(), &offset, std::min(part.size, max_sent));
  } while (sent < 0 && errno == EINTR);
  if (sent == 0) return ended_early();
  if (sent > 0) {
    FilePortion portion;
    portion.outcome = FilePortion::Outcome::sent;
    portion.sent = static_cast<std::size_t>(sent);
    return portion;
  }
  switch (errno) {
    case EPIPE:
    case ECONNRESET:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return {};
    default:
      // The socket is full, or sendfile() does not support this file system or socket.
      return read_portion(part, max_read);
  }
}

}  // namespace sioserve::net

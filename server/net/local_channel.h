// One end of a pair of Unix stream sockets on the loop: tells when it can be read or written.
#pragma once

#include <functional>

#include "server/base/file_descriptor.h"
#include "server/net/loop.h"

namespace sioserve::net {

class LocalChannel {
 public:
  // `on_ready` must not destroy this object. Throws std::system_error.
  LocalChannel(Loop& loop, FileDescriptor socket, std::function<void()> on_ready);
  ~LocalChannel();
  LocalChannel(const LocalChannel&) = delete;
  LocalChannel& operator=(const LocalChannel&) = delete;

  int socket() const { return socket_.get(); }

  // From now on `on_ready` is called when the socket is readable, and with `reading_and_writing`
  // when it is writable, too; `none`: not at all.
  enum class Interest { none, reading, writing, reading_and_writing };
  void watch(Interest interest);

 private:
  FileDescriptor socket_;
  std::function<void()> on_ready_;
  Interest interest_ = Interest::none;
  UvHandle<uv_poll_t> handle_;
};

}  // namespace sioserve::net

// The interface of one connected byte stream: a socket, or TLS above one (tls/stream.h).
//
// Nothing is written within a call: output queued during a loop iteration is written together at
// its end. Listener functions are never called from within a call on the stream. Lives on the
// loop's thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "server/base/bytes.h"
#include "server/base/file_part.h"
#include "server/base/output_sink.h"

namespace sioserve::net {

class StreamListener {
 public:
  // `bytes` are valid during the call. The stream may be closed, but not destroyed, within it.
  virtual void on_read(std::string_view bytes) = 0;
  // The peer has shut down its sending side. Writing may still work.
  virtual void on_end() = 0;
  // The kernel accepted bytes: buffered() has become smaller.
  virtual void on_drain() = 0;
  // A file that is being written has become too short, or cannot be read. on_broken() follows,
  // because the announced bytes can't be sent.
  virtual void on_file_failed(const OpenFile& file, std::string_view reason) = 0;
  // The connection is broken. No other call follows.
  virtual void on_broken() = 0;

 protected:
  ~StreamListener() = default;
};

class Stream : public OutputSink {
 public:
  virtual ~Stream() = default;

  // Before anything else; reading starts with it. Again, also within on_read(): another listener
  // takes the place of the first one.
  virtual void start(StreamListener& listener) = 0;

  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  // Ignored after finish() and close(), like the other writes.
  virtual void write_shared(const SharedBytes& bytes) = 0;
  // The file is read while it is sent, off the loop's thread. A stream that encrypts reads it in
  // portions and writes them like other bytes.
  void write_file(FilePart part) override = 0;
  // Bytes that the kernel has not taken yet.
  virtual std::size_t buffered() const = 0;
  // Whether the peer has shut down its sending side or the connection is broken. While reading is
  // paused, on_end() and on_broken() are not called; this asks the kernel.
  virtual bool peer_is_disconnected() const = 0;
  // Whether the peer has closed or reset the connection, and on_broken() has not been called
  // because nothing is read: reading is paused, or has ended with on_end().
  virtual bool broken_unnoticed() const = 0;

  // Shuts down the sending side after all queued output. Reading continues.
  virtual void finish() = 0;
  // Closes immediately; queued output is lost. No listener function is called afterwards.
  virtual void close() = 0;
};

}  // namespace sioserve::net

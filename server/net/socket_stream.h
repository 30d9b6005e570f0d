// A connected TCP or Unix socket as a Stream.
// Output is written with one writev at the end of the loop iteration. The rest goes to libuv in
// portions, so that buffered() follows what the peer really reads. Parts of files are copied from
// the file to the socket, on a thread of libuv's pool (file_portion.h).
#pragma once

#include <memory>
#include <string_view>
#include <variant>

#include "server/base/file_descriptor.h"
#include "server/base/result.h"
#include "server/base/write_queue.h"
#include "server/net/file_portion.h"
#include "server/net/loop.h"
#include "server/net/stream.h"

namespace sioserve::net {

class SocketStream final : public Stream, private DeferredTask {
 public:
  // Takes over a connected TCP or Unix socket. The error is an error code of libuv.
  static Result<std::unique_ptr<SocketStream>, int> adopt(Loop& loop, FileDescriptor socket);

  void start(StreamListener& listener) override;
  void pause_reading() override;
  void resume_reading() override;
  void write(std::string_view bytes) override;
  void write_owned(std::string bytes) override;
  void write_shared(const SharedBytes& bytes) override;
  void write_file(FilePart part) override;
  std::size_t buffered() const override;
  bool peer_is_disconnected() const override;
  bool broken_unnoticed() const override;
  void finish() override;
  void close() override;

 private:
  enum class Reading { off, on };

  // Outlives the stream until libuv no longer uses it.
  struct Socket {
    union {
      uv_handle_t handle;
      uv_stream_t stream;
      uv_tcp_t tcp;
      uv_pipe_t pipe;
    } uv{};
    std::unique_ptr<uv_write_t> write_request;  // null until libuv had to wait for the peer
    WriteQueue queue;
    std::string file_bytes;     // read from a file, while libuv writes them
    bool sending_file = false;  // another thread uses the socket, so it must stay open
    SocketStream* owner = nullptr;
  };
  struct CloseSocket {
    void operator()(Socket* socket) const;
  };
  using SocketPtr = std::unique_ptr<Socket, CloseSocket>;

  SocketStream(Loop& loop, SocketPtr socket);

  uv_stream_t* uv_stream() const { return &socket_->uv.stream; }
  bool writable() const { return socket_ != nullptr && !finishing_; }
  void on_turn_end() override;
  // Whether the kernel reports one of these events (poll(2)), which it always does for errors.
  bool has(short events) const;
  void flush();
  Result<std::monostate, int> hand_over_rest();
  // On failure the stream is broken and its listener has been notified.
  Result<std::monostate, int> hand_over(const uv_buf_t* buffers, unsigned count, std::size_t bytes);
  void send_file(FilePart part);
  void on_file_portion(FilePortion portion, const OpenFile& file);
  static void close_socket(Socket* socket);
  void on_read(ssize_t size, const char* bytes);
  void on_written(int status);
  void abort_connection();

  Loop& loop_;
  SocketPtr socket_;  // null: closed
  StreamListener* listener_ = nullptr;
  Reading reading_ = Reading::off;
  bool ended_ = false;           // the peer has shut down its sending side
  std::size_t lost_ = 0;         // bytes that were queued when the stream was closed
  bool finishing_ = false;       // nothing may be written any more
  std::size_t handed_over_ = 0;  // bytes that libuv is writing
};

}  // namespace sioserve::net

#include "server/net/socket_stream.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "server/net/background.h"
#include "server/net/socket_address.h"

namespace sioserve::net {
namespace {

constexpr std::size_t max_parts = 64;
// The largest write at a time to a peer that reads slowly, in bytes.
constexpr std::size_t portion = 262'144;

using Parts = std::span<const WriteQueue::Part>;

std::size_t size_of(Parts parts) {
  std::size_t size = 0;
  for (const WriteQueue::Part& part : parts) size += part.size;
  return size;
}

// Not uv_try_write(): it calls write(2), which takes the kernel longer for a short message.
// Returns the number of bytes that the kernel has taken, which is 0 if it takes none now. The error
// is that of errno.
Result<std::size_t, int> send_now(int fd, Parts parts) {
  ssize_t sent = -1;
  do {
    if (parts.size() == 1) {
      sent = ::send(fd, parts[0].data, parts[0].size, MSG_NOSIGNAL);
    } else {
      std::array<iovec, max_parts> buffers;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        buffers[i] = {const_cast<char*>(parts[i].data), parts[i].size};  // it is only read
      }
      msghdr message{};
      message.msg_iov = buffers.data();
      message.msg_iovlen = parts.size();
      sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    }
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return std::size_t{0};
  return Failure{errno};
}

}  // namespace

void SocketStream::CloseSocket::operator()(Socket* socket) const {
  socket->owner = nullptr;
  uv_read_stop(&socket->uv.stream);
  if (!socket->sending_file) close_socket(socket);
}

void SocketStream::close_socket(Socket* socket) {
  uv_close(&socket->uv.handle, [](uv_handle_t* handle) {
    std::unique_ptr<Socket>(static_cast<Socket*>(handle->data)).reset();
  });
}

Result<std::unique_ptr<SocketStream>, int> SocketStream::adopt(Loop& loop, FileDescriptor socket) {
  auto state = std::make_unique<Socket>();
  const bool is_unix = is_unix_socket(socket.get());
  const int init_error = is_unix ? uv_pipe_init(&loop.uv(), &state->uv.pipe, 0)
                                 : uv_tcp_init(&loop.uv(), &state->uv.tcp);
  if (init_error != 0) return Failure{init_error};
  state->uv.handle.data = state.get();
  SocketPtr owned(state.release());
  const int error = is_unix ? uv_pipe_open(&owned->uv.pipe, socket.get())
                            : uv_tcp_open(&owned->uv.tcp, socket.get());
  if (error != 0) return Failure{error};
  socket.release();
  if (!is_unix) uv_tcp_nodelay(&owned->uv.tcp, 1);
  return std::unique_ptr<SocketStream>(new SocketStream(loop, std::move(owned)));
}

SocketStream::SocketStream(Loop& loop, SocketPtr socket) : loop_(loop), socket_(std::move(socket)) {
  socket_->owner = this;
}

void SocketStream::start(StreamListener& listener) {
  listener_ = &listener;
  resume_reading();
}

void SocketStream::pause_reading() {
  if (reading_ == Reading::off) return;
  reading_ = Reading::off;
  uv_read_stop(uv_stream());
}

void SocketStream::resume_reading() {
  if (reading_ == Reading::on || ended_ || !socket_) return;
  reading_ = Reading::on;
  uv_read_start(
      uv_stream(),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto& bytes = static_cast<Socket*>(handle->data)->owner->loop_.read_buffer();
        *buffer = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
      },
      [](uv_stream_t* handle, ssize_t size, const uv_buf_t* buffer) {
        SocketStream& stream = *static_cast<Socket*>(handle->data)->owner;
        Loop& loop = stream.loop_;  // the stream may be destroyed
        stream.on_read(size, buffer->base);
        loop.after_read();
      });
}

void SocketStream::write(std::string_view bytes) {
  if (!writable()) return;
  socket_->queue.write(bytes);
  loop_.deferred_queue().schedule(*this);
}

void SocketStream::write_owned(std::string bytes) {
  if (!writable()) return;
  socket_->queue.write_owned(std::move(bytes));
  loop_.deferred_queue().schedule(*this);
}

void SocketStream::write_shared(const SharedBytes& bytes) {
  if (!writable()) return;
  socket_->queue.write_shared(bytes);
  loop_.deferred_queue().schedule(*this);
}

void SocketStream::write_file(FilePart part) {
  if (!writable()) return;
  socket_->queue.write_file(std::move(part));
  loop_.deferred_queue().schedule(*this);
}

std::size_t SocketStream::buffered() const { return socket_ ? socket_->queue.size() : lost_; }

bool SocketStream::peer_is_disconnected() const { return !socket_ || has(POLLRDHUP); }

bool SocketStream::broken_unnoticed() const {
  // After finish(), the end of the peer's side alone is POLLHUP.
  return socket_ && reading_ == Reading::off && !finishing_ && has(0);
}

bool SocketStream::has(short events) const {
  uv_os_fd_t fd = -1;
  if (uv_fileno(&socket_->uv.handle, &fd) != 0) return true;
  pollfd asked{fd, events, 0};
  return ::poll(&asked, 1, 0) > 0;
}

void SocketStream::finish() {
  if (!writable()) return;
  finishing_ = true;
  loop_.deferred_queue().schedule(*this);
}

void SocketStream::close() {
  reading_ = Reading::off;
  if (socket_) lost_ = socket_->queue.size();
  socket_.reset();
}

void SocketStream::on_turn_end() {
  if (socket_ && handed_over_ == 0 && !socket_->sending_file) flush();
}

void SocketStream::flush() {
  WriteQueue& queue = socket_->queue;
  const std::size_t before = queue.size();
  uv_os_fd_t fd = -1;
  uv_fileno(&socket_->uv.handle, &fd);
  while (!queue.empty()) {
    std::array<WriteQueue::Part, max_parts> next;
    const Parts parts(next.data(), queue.next_parts(next, portion));
    if (parts.empty()) {
      send_file(*queue.next_file());
      break;
    }
    const std::size_t size = size_of(parts);
    const auto sent = send_now(fd, parts);
    if (!sent) {
      abort_connection();
      return;
    }
    queue.consume(*sent);
    if (*sent < size) {
      if (!hand_over_rest()) return;
      break;
    }
  }
  if (finishing_ && queue.empty()) ::shutdown(fd, SHUT_WR);
  if (queue.size() < before) listener_->on_drain();
}

Result<std::monostate, int> SocketStream::hand_over_rest() {
  std::array<WriteQueue::Part, max_parts> next;
  const Parts parts(next.data(), socket_->queue.next_parts(next, portion));
  std::array<uv_buf_t, max_parts> buffers;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // uv_buf_init() takes a char*, but libuv does not change the bytes that it writes.
    buffers[i] =
        uv_buf_init(const_cast<char*>(parts[i].data), static_cast<unsigned>(parts[i].size));
  }
  return hand_over(buffers.data(), static_cast<unsigned>(parts.size()), size_of(parts));
}

Result<std::monostate, int> SocketStream::hand_over(const uv_buf_t* buffers, unsigned count,
                                                    std::size_t bytes) {
  handed_over_ = bytes;
  if (!socket_->write_request) socket_->write_request = std::make_unique<uv_write_t>();
  const int error = uv_write(socket_->write_request.get(), uv_stream(), buffers, count,
                             [](uv_write_t* request, int status) {
                               auto* socket = static_cast<Socket*>(request->handle->data);
                               if (socket->owner != nullptr) socket->owner->on_written(status);
                             });
  if (error == 0) return std::monostate{};
  handed_over_ = 0;
  abort_connection();
  return Failure{error};
}

void SocketStream::send_file(FilePart part) {
  uv_os_fd_t fd = -1;
  uv_fileno(&socket_->uv.handle, &fd);
  socket_->sending_file = true;
  auto portion = std::make_shared<FilePortion>();
  run_in_background(
      loop_, [fd, part, portion] { *portion = send_portion(fd, part); },
      [socket = socket_.get(), part, portion] {
        socket->sending_file = false;
        if (socket->owner == nullptr) {
          close_socket(socket);
        } else {
          socket->owner->on_file_portion(std::move(*portion), *part.file);
        }
      });
}

void SocketStream::on_file_portion(FilePortion portion, const OpenFile& file) {
  switch (portion.outcome) {
    case FilePortion::Outcome::sent:
      socket_->queue.consume(portion.sent);
      loop_.deferred_queue().schedule(*this);
      listener_->on_drain();
      break;
    case FilePortion::Outcome::read: {
      socket_->file_bytes = std::move(portion.bytes);
      const uv_buf_t buffer = uv_buf_init(socket_->file_bytes.data(),
                                          static_cast<unsigned>(socket_->file_bytes.size()));
      static_cast<void>(hand_over(&buffer, 1, socket_->file_bytes.size()));
      break;
    }
    case FilePortion::Outcome::file_failed:
      listener_->on_file_failed(file, portion.error);
      abort_connection();
      break;
    case FilePortion::Outcome::socket_failed:
      abort_connection();
      break;
  }
}

void SocketStream::on_written(int status) {
  const std::size_t written = std::exchange(handed_over_, 0);
  if (status != 0) {
    abort_connection();
    return;
  }
  socket_->queue.consume(written);
  std::exchange(socket_->file_bytes, {});
  loop_.deferred_queue().schedule(*this);
  listener_->on_drain();
}

void SocketStream::on_read(ssize_t size, const char* bytes) {
  if (size > 0) {
    listener_->on_read({bytes, static_cast<std::size_t>(size)});
  } else if (size == UV_EOF) {
    ended_ = true;
    pause_reading();
    // A reset that follows other bytes is read as an end.
    if (broken_unnoticed()) return abort_connection();
    listener_->on_end();
  } else if (size < 0) {
    abort_connection();
  }
}

void SocketStream::abort_connection() {
  close();
  listener_->on_broken();
}

}  // namespace sioserve::net

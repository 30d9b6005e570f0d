// The DATA of one HTTP/2 stream as a byte stream: for the access log, which follows what is sent,
// and for a WebSocket (RFC 8441 section 5). Its end is END_STREAM, its break is RST_STREAM.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "server/connection/connection.h"
#include "server/http2/engine.h"
#include "server/net/stream.h"

namespace sioserve::connection {

// Lives on the I/O thread.
class Http2ByteStream : public net::Stream {
 public:
  // Both outlive the stream.
  Http2ByteStream(Connection& connection, http2::Engine& engine, http2::StreamId id)
      : connection_(connection), engine_(engine), id_(id) {}

  // The owner passes on what arrives, so there is no listener.
  void start(net::StreamListener&) override {}
  void pause_reading() override { reading_ = false; }
  void resume_reading() override { reading_ = true; }

  void write(std::string_view bytes) override { send(bytes); }
  void write_owned(std::string bytes) override { send(std::move(bytes)); }
  void write_shared(const SharedBytes& bytes) override { send(bytes); }
  void write_file(FilePart part) override { send(std::move(part)); }
  // Bytes that the connection's queue has not taken yet, which is short.
  std::size_t buffered() const override { return closed_ ? lost_ : engine_.queued(id_); }

  // The owner notices, unlike that of a socket, whatever it reads.
  bool peer_is_disconnected() const override { return closed_; }
  bool broken_unnoticed() const override { return false; }

  void finish() override {
    if (std::exchange(finishing_, true)) return;
    engine_.end(id_);
    connection_.touch();
  }
  void close() override { reset(http2::ErrorCode::cancel); }

 protected:
  http2::StreamId id() const { return id_; }
  bool reading() const { return reading_; }

  void reset(http2::ErrorCode code) {
    finishing_ = true;
    engine_.reset(id_, code);
    connection_.touch();
  }
  // The stream has been closed with so many bytes unsent.
  void set_closed(std::size_t unsent) {
    closed_ = finishing_ = true;
    lost_ = unsent;
  }

 private:
  template <typename Bytes>
  void send(Bytes&& bytes) {
    if (finishing_) return;
    engine_.send(id_, std::forward<Bytes>(bytes));
    connection_.touch();
  }

  Connection& connection_;
  http2::Engine& engine_;
  const http2::StreamId id_;
  bool reading_ = true;
  bool finishing_ = false;  // nothing may be written any more
  bool closed_ = false;
  std::size_t lost_ = 0;  // bytes that were queued when it was closed
};

}  // namespace sioserve::connection

// TLS to Redis, above the stream of a socket.
//
// States: the handshake, in which output waits; open; failed or closed. Output waits as plaintext
// and is encrypted at the end of the loop iteration, as much as the stream below can soon send.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/base/write_queue.h"
#include "server/net/deferred_queue.h"
#include "server/net/loop.h"
#include "server/net/stream.h"
#include "server/tls/engine.h"

namespace sioserve::redis {

// Lives on the loop's thread.
class TlsStream final : public net::Stream, private net::StreamListener, private net::DeferredTask {
 public:
  // `session`: of ClientContext::new_session().
  TlsStream(net::Loop& loop, std::unique_ptr<net::Stream> below, tls::SslPtr session);

  bool in_handshake() const { return engine_.state() == tls::Engine::State::handshake; }
  // Why on_broken() was called; empty: it was not because of TLS.
  std::string failure() const;

  void start(net::StreamListener& listener) override;
  void pause_reading() override { below_->pause_reading(); }
  void resume_reading() override { below_->resume_reading(); }
  void write(std::string_view bytes) override;
  void write_owned(std::string bytes) override;
  void write_shared(SharedBytes bytes) override;
  // Not implemented: nobody sends files to Redis.
  void write_file(FilePart part) override;
  std::size_t buffered() const override;
  bool peer_is_disconnected() const override { return below_->peer_is_disconnected(); }
  bool broken_unnoticed() const override { return below_->broken_unnoticed(); }
  void finish() override;
  void close() override;

 private:
  void on_read(std::string_view bytes) override;
  void on_end() override;
  void on_drain() override;
  void on_file_failed(const OpenFile&, std::string_view) override {}
  void on_broken() override;
  void on_turn_end() override;

  bool writable() const { return !finishing_ && !closed_; }
  void schedule();
  void flush();
  void pass_output_on();
  void break_off();

  net::Loop& loop_;
  const std::unique_ptr<net::Stream> below_;
  tls::Engine engine_;
  net::StreamListener* listener_ = nullptr;
  WriteQueue queue_;       // plaintext
  std::string joined_;     // empty; its memory is used for records
  std::string plaintext_;  // the same for what is received
  std::size_t lost_ = 0;   // bytes that were queued when the stream was closed
  bool ended_ = false;     // the peer sends nothing more
  bool finishing_ = false;
  bool closed_ = false;
};

}  // namespace sioserve::redis

// TLS above another stream, for connections of clients and for those to other servers.
//
// States: the handshake, in which output waits, if it is not complete yet; open; ended by the peer,
// after which writing still works; broken or closed. Output waits as plaintext, so that broadcasts
// are shared and files are not read ahead, and is encrypted at the end of the loop iteration, as
// much as the stream below can soon send. Small writes are joined in one record. Files are read in
// the background.
//
// Does not know libuv: of server/net/ it includes only the interface of streams, deferred tasks and
// reading files.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/base/background.h"
#include "server/base/write_queue.h"
#include "server/net/deferred_queue.h"
#include "server/net/file_portion.h"
#include "server/net/stream.h"
#include "server/tls/engine.h"

namespace sioserve::tls {

// What streams on one thread share. Outlives them.
struct StreamEnvironment {
  net::DeferredQueue& deferred_queue;
  const Background& run_in_background;
  std::string plaintext{};  // buffer for what is received
  std::string joined{};     // buffer for small writes, empty between uses
};

// Lives on the loop's thread.
class Stream final : public net::Stream, private net::StreamListener, private net::DeferredTask {
 public:
  // `engine`: before its handshake, or after it.
  Stream(StreamEnvironment& environment, std::unique_ptr<net::Stream> below,
         std::unique_ptr<Engine> engine);

  bool in_handshake() const { return engine_->state() == Engine::State::handshake; }
  // Why on_broken() was called; empty: it was not because of TLS.
  std::string failure() const;

  void start(net::StreamListener& listener) override;
  void pause_reading() override { below_->pause_reading(); }
  void resume_reading() override;
  void write(std::string_view bytes) override;
  void write_owned(std::string bytes) override;
  void write_shared(const SharedBytes& bytes) override;
  void write_file(FilePart part) override;
  std::size_t buffered() const override;
  bool peer_is_disconnected() const override;
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
  void schedule() { environment_.deferred_queue.schedule(*this); }
  void flush();
  void send_next();
  void read_file(FilePart part);
  void on_file_portion(net::FilePortion portion, const OpenFile& file);
  void pass_output_on();
  void notice_state();
  void stop_writing();
  void break_off();

  StreamEnvironment& environment_;
  const std::unique_ptr<net::Stream> below_;
  const std::unique_ptr<Engine> engine_;
  net::StreamListener* listener_ = nullptr;
  WriteQueue queue_;                    // plaintext
  std::shared_ptr<Stream*> reachable_;  // from a job in the background, while the stream exists
  std::size_t lost_ = 0;                // bytes that were queued when the stream was closed
  bool reading_file_ = false;
  bool ended_ = false;      // the peer sends nothing more
  bool finishing_ = false;  // nothing may be written any more
  bool closed_ = false;
};

}  // namespace sioserve::tls

// TLS above another stream, after the handshake (tls_handshake.h).
//
// Output waits as plaintext, so that broadcasts are shared and files are not read ahead, and is
// encrypted at the end of the loop iteration, as much as the stream below can soon send. Small
// writes are joined in one record. Files are read on a thread of libuv's pool.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/base/write_queue.h"
#include "server/connection/context.h"
#include "server/net/deferred_queue.h"
#include "server/net/file_portion.h"
#include "server/net/stream.h"
#include "server/tls/session.h"

namespace sioserve::connection {

// Lives on the I/O thread.
class TlsStream final : public net::Stream, private net::StreamListener, private net::DeferredTask {
 public:
  // `session` is open or ended. `context` outlives the stream.
  TlsStream(Context& context, std::unique_ptr<net::Stream> below,
            std::unique_ptr<tls::Session> session);

  void start(net::StreamListener& listener) override;
  void pause_reading() override { below_->pause_reading(); }
  void resume_reading() override;
  void write(std::string_view bytes) override;
  void write_owned(std::string bytes) override;
  void write_shared(SharedBytes bytes) override;
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
  void schedule();
  void flush();
  void read_file(FilePart part);
  void on_file_portion(net::FilePortion portion, const OpenFile& file);
  void pass_output_on();
  void peer_has_ended();
  void break_off();

  Context& context_;
  const std::unique_ptr<net::Stream> below_;
  const std::unique_ptr<tls::Session> session_;
  net::StreamListener* listener_ = nullptr;
  WriteQueue queue_;                       // plaintext
  std::shared_ptr<TlsStream*> reachable_;  // from a job in the background, while the stream exists
  std::size_t lost_ = 0;                   // bytes that were queued when the stream was closed
  bool reading_file_ = false;
  bool ended_ = false;      // the peer sends nothing more
  bool finishing_ = false;  // nothing may be written any more
  bool closed_ = false;
};

}  // namespace sioserve::connection

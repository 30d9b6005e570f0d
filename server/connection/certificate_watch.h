// Loads the certificates at the start, and again when their files change.
//
// The files are looked at every two seconds, on a thread of libuv's pool. A change counts when two
// looks in a row have found the same, so that a certificate is not read before its key has been
// written too. What cannot be used is reported once, and the old certificates stay. Lives on the
// I/O thread, except load().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "server/base/config.h"
#include "server/base/logger.h"
#include "server/base/result.h"
#include "server/net/loop.h"
#include "server/net/timer.h"
#include "server/tls/server_context.h"

namespace sioserve::connection {

class CertificateWatch {
 public:
  using SharedContext = std::shared_ptr<const tls::ServerContext>;

  // `use` gets each new context. All references outlive the watch.
  CertificateWatch(net::Loop& loop, const TlsConfig& config, const Logger& logger,
                   std::function<void(SharedContext)> use);
  CertificateWatch(const CertificateWatch&) = delete;
  CertificateWatch& operator=(const CertificateWatch&) = delete;

  // Before the loop runs, on any thread. The error is a sentence without its end.
  Result<std::monostate, std::string> load();
  // Starts to look at the files.
  void start();
  void stop();
  // Reads the files, whether they have changed or not.
  void reload();

 private:
  struct Read;

  void look();
  void on_looked(std::string fingerprint);
  void on_read(Read read);
  template <typename Work, typename Done>
  void in_background(Work work, Done done);

  net::Loop& loop_;
  const TlsConfig& config_;
  const Logger& logger_;
  const std::function<void(SharedContext)> use_;
  const std::shared_ptr<tls::TicketKeys> ticket_keys_;
  net::Timer timer_;
  std::string used_;  // the fingerprint of the files that were read last
  std::string seen_;  // the one found at the last look
  bool busy_ = false;
  bool read_again_ = false;                       // reload() was called while it was busy
  std::shared_ptr<CertificateWatch*> reachable_;  // from a job, while the watch exists
};

}  // namespace sioserve::connection

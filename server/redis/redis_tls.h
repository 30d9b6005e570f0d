// TLS of the connections to Redis: whom they trust, and the own certificate. The files are read
// again when they change, for connections that are made from then on. Lives on the loop's thread.
#pragma once

#include <memory>
#include <optional>

#include "server/base/config.h"
#include "server/base/logger.h"
#include "server/net/file_watch.h"
#include "server/net/loop.h"
#include "server/tls/client_context.h"

namespace sioserve::redis {

class RedisTls {
 public:
  // `context` was made from `config`; null, and nullopt: there is no TLS. `loop` and `logger`
  // outlive this object.
  RedisTls(net::Loop& loop, const std::optional<TlsClientConfig>& config,
           std::shared_ptr<const tls::ClientContext> context, const Logger& logger);

  // Begins to watch the files. Once; before the loop runs, on any thread.
  void start();
  void stop();
  // Reads the files, whether they have changed or not.
  void reload();

  // For a new connection. Not null if there is TLS.
  const std::shared_ptr<const tls::ClientContext>& context() const { return context_; }

 private:
  std::shared_ptr<const tls::ClientContext> context_;
  std::unique_ptr<net::FileWatch> watch_;  // null: there are no files
};

}  // namespace sioserve::redis

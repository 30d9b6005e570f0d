// TLS of inner connections: the certificate of this server, and who signs those of the others.
// Lives on the loop's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "server/base/background.h"
#include "server/base/logger.h"
#include "server/base/result.h"
#include "server/forwarding/peer_stream.h"
#include "server/forwarding/proof.h"
#include "server/net/file_watch.h"
#include "server/net/loop.h"
#include "server/net/stream.h"
#include "server/tls/peer_context.h"
#include "server/tls/peer_files.h"
#include "server/tls/stream.h"

namespace sioserve::forwarding {

class PeerTls {
 public:
  // `loop` and `logger` outlive this object, and it outlives its streams. Without `files` there is
  // no TLS.
  PeerTls(net::Loop& loop, const std::optional<tls::PeerFiles>& files, const Logger& logger);

  // Once, before the loop runs: reads the files, and then watches them. The error is a sentence
  // without its end.
  Result<std::monostate, std::string> load();
  // Reads the files again, for connections that are made from now on.
  void reload();
  void stop();

  // `socket` is connected.
  PeerStream protect(std::unique_ptr<net::Stream> socket, Role role);

 private:
  const Background run_in_background_;
  tls::StreamEnvironment streams_;
  std::unique_ptr<net::FileWatch> watch_;            // null: there is no TLS
  std::shared_ptr<const tls::PeerContext> context_;  // null before load()
};

}  // namespace sioserve::forwarding

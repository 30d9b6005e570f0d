#include "server/forwarding/peer_tls.h"

#include <cassert>
#include <utility>

#include "server/net/background.h"
#include "server/tls/engine.h"
#include "server/tls/files.h"

namespace sioserve::forwarding {

PeerTls::PeerTls(net::Loop& loop, const std::optional<tls::PeerFiles>& files, const Logger& logger)
    : run_in_background_(net::background_of(loop)),
      streams_{loop.deferred_queue(), run_in_background_} {
  if (!files) return;
  net::FileWatch::Files watched;
  watched.name = "The certificates of --cluster-tls-cert and --cluster-tls-ca";
  watched.fingerprint = [files = *files] { return tls::fingerprint_of(files); };
  watched.read = [this, files = *files]() -> Result<net::FileWatch::Use, std::string> {
    auto context = tls::load_peer_context(files);
    if (!context) return Failure{context.error()};
    return net::FileWatch::Use([this, made = std::move(*context)] { context_ = made; });
  };
  watch_ = std::make_unique<net::FileWatch>(loop, std::move(watched), logger);
}

Result<std::monostate, std::string> PeerTls::load() {
  if (!watch_) return std::monostate{};
  auto loaded = watch_->load();
  if (!loaded) return Failure{"--cluster-tls-cert: " + loaded.error()};
  watch_->start();
  return loaded;
}

void PeerTls::reload() {
  if (watch_) watch_->reload();
}

void PeerTls::stop() {
  if (watch_) watch_->stop();
}

PeerStream PeerTls::protect(std::unique_ptr<net::Stream> socket, Role role) {
  if (!watch_) return PeerStream(std::move(socket), nullptr);
  assert(context_);
  auto engine = std::make_unique<tls::Engine>(role == Role::caller ? context_->connect()
                                                                   : context_->accept());
  const tls::Engine* const seen = engine.get();
  return PeerStream(std::make_unique<tls::Stream>(streams_, std::move(socket), std::move(engine)),
                    seen);
}

}  // namespace sioserve::forwarding

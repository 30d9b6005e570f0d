#include "server/redis/redis_tls.h"

#include <utility>

#include "server/tls/files.h"

namespace sioserve::redis {

RedisTls::RedisTls(net::Loop& loop, const std::optional<TlsClientConfig>& config,
                   std::shared_ptr<const tls::ClientContext> context, const Logger& logger)
    : context_(std::move(context)) {
  if (!config || (config->authorities.empty() && config->certificate.empty())) return;
  net::FileWatch::Files watched;
  watched.name = "The certificates for Redis";
  watched.fingerprint = [config = *config] { return tls::fingerprint_of(config); };
  watched.read = [this, config = *config]() -> Result<net::FileWatch::Use, std::string> {
    auto made = tls::load_client_context(config);
    if (!made) return Failure{made.error()};
    return net::FileWatch::Use([this, made = std::move(*made)] { context_ = made; });
  };
  watch_ = std::make_unique<net::FileWatch>(loop, std::move(watched), logger);
}

void RedisTls::start() {
  if (!watch_) return;
  // What was read for the settings stays if the files have become unusable since.
  static_cast<void>(watch_->load());
  watch_->start();
}

void RedisTls::stop() {
  if (watch_) watch_->stop();
}

void RedisTls::reload() {
  if (watch_) watch_->reload();
}

}  // namespace sioserve::redis

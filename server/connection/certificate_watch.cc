#include "server/connection/certificate_watch.h"

#include <utility>

#include "server/net/background.h"
#include "server/tls/files.h"

namespace sioserve::connection {
namespace {

constexpr Milliseconds look_interval{2'000};

}  // namespace

struct CertificateWatch::Read {
  std::string fingerprint;  // taken before
  Result<SharedContext, std::string> context = Failure{std::string()};
};

CertificateWatch::CertificateWatch(net::Loop& loop, const TlsConfig& config, const Logger& logger,
                                   std::function<void(SharedContext)> use)
    : loop_(loop),
      config_(config),
      logger_(logger),
      use_(std::move(use)),
      ticket_keys_(std::make_shared<tls::TicketKeys>()),
      timer_(loop, [this] { look(); }),
      reachable_(std::make_shared<CertificateWatch*>(this)) {}

Result<std::monostate, std::string> CertificateWatch::load() {
  used_ = seen_ = tls::fingerprint_of(config_);
  auto context = tls::load_context(config_, ticket_keys_);
  if (!context) return Failure{context.error()};
  use_(std::move(*context));
  return std::monostate{};
}

void CertificateWatch::start() { timer_.start_repeating(look_interval); }

void CertificateWatch::stop() { timer_.stop(); }

// The loop waits for its jobs when it is destroyed, later than the watch.
template <typename Work, typename Done>
void CertificateWatch::in_background(Work work, Done done) {
  busy_ = true;
  using Outcome = decltype(work());
  auto outcome = std::make_shared<std::optional<Outcome>>();
  net::run_in_background(
      loop_, [work, outcome] { outcome->emplace(work()); },
      [done, outcome, watch = std::weak_ptr<CertificateWatch*>(reachable_)] {
        const auto reached = watch.lock();
        if (!reached) return;
        (*reached)->busy_ = false;
        ((*reached)->*done)(std::move(**outcome));
      });
}

void CertificateWatch::look() {
  if (busy_) return;
  in_background([config = config_] { return tls::fingerprint_of(config); },
                &CertificateWatch::on_looked);
}

void CertificateWatch::on_looked(std::string fingerprint) {
  const bool settled = fingerprint == std::exchange(seen_, fingerprint);
  if (std::exchange(read_again_, false) || (settled && fingerprint != used_)) reload();
}

void CertificateWatch::reload() {
  if (busy_) {
    read_again_ = true;
    return;
  }
  in_background(
      [config = config_, keys = ticket_keys_] {
        std::string fingerprint = tls::fingerprint_of(config);
        return Read{std::move(fingerprint), tls::load_context(config, keys)};
      },
      &CertificateWatch::on_read);
}

void CertificateWatch::on_read(Read read) {
  used_ = seen_ = read.fingerprint;
  if (read.context) {
    logger_.log(LogCategory::server, LogLevel::info, "The TLS certificates have been reloaded");
    use_(std::move(*read.context));
  } else {
    logger_.log(
        LogCategory::server, LogLevel::error,
        "The TLS certificates have not been reloaded, the old ones stay: " + read.context.error());
  }
  if (std::exchange(read_again_, false)) reload();
}

}  // namespace sioserve::connection

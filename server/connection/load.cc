#include "server/connection/load.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "server/base/counted_client.h"

namespace sioserve::connection {
namespace {

constexpr std::size_t max_turned_away = 32;
constexpr std::size_t min_reserve = 2 * max_turned_away;

std::size_t descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::numeric_limits<std::size_t>::max();
  }
  return limit.rlim_cur;
}

}  // namespace

std::size_t connections_for_descriptors(std::size_t descriptors) {
  const std::size_t reserve = std::max(min_reserve, descriptors / 10);
  return descriptors > 2 * reserve ? descriptors - reserve
                                   : std::max<std::size_t>(descriptors / 2, 1);
}

Load::Load(const Config& config, const Logger& logger)
    : config_(config),
      logger_(logger),
      descriptors_(connections_for_descriptors(descriptor_limit())) {}

std::size_t Load::max_connections() const {
  const std::size_t most = config_.load.max_connections;
  return most != 0 ? most : descriptors_;
}

Count::Ticket Load::admit_connection(TimePoint now) {
  if (!connections_full()) return connections_.take();
  ++refusals_.connections;
  if (too_many_.reached(now)) {
    const std::string why = config_.load.max_connections != 0
                                ? " (--limit-connections; docs/limits.md#http-and-websockets)"
                                : ", as many as the limit of descriptors allows (ulimit -n, or "
                                  "LimitNOFILE of systemd; docs/deployment.md#systemd)";
    warn(beginning(503) + std::to_string(max_connections()) + " connections are open" + why);
  }
  return nullptr;
}

std::optional<AddressCounts::Ticket> Load::admit_address(const Endpoints& peers, TimePoint now) {
  const std::size_t most = config_.load.max_connections_per_address;
  if (most == 0) return AddressCounts::Ticket();
  const auto host = counted_client(peers, config_.proxy.trusted);
  if (!host) return AddressCounts::Ticket();
  if (addresses_.size(*host) < most) return addresses_.take(*host);
  ++refusals_.connections_of_one;
  if (too_many_of_one_.reached(now)) {
    warn(beginning(429) + std::to_string(most) + " connections of " + *host +
         " are open (--limit-connections-per-address; docs/limits.md#http-and-websockets)");
  }
  return std::nullopt;
}

Count::Ticket Load::refuse_over_limit() {
  return turned_away_.size() < max_turned_away ? turned_away_.take() : nullptr;
}

Count::Ticket Load::admit_request(TimePoint now) {
  const std::size_t most = config_.load.max_concurrency;
  if (most == 0 || requests_.size() < most) return requests_.take();
  ++refusals_.requests;
  if (too_busy_.reached(now)) {
    warn("Refusing requests with 503: " + std::to_string(most) +
         " requests and WebSockets are under way (--limit-concurrency; "
         "docs/limits.md#http-and-websockets)");
  }
  return nullptr;
}

void Load::request_answered() {
  if (++answered_ == config_.load.max_requests) on_max_requests();
}

void Load::sweep(TimePoint now) {
  const auto report = [&](LimitEpisode& episode, const std::string& what) {
    if (const auto count = episode.take_ended(now)) {
      logger_.log(LogCategory::server, LogLevel::info,
                  "Refused no more: " + std::to_string(*count) + what);
    }
  };
  const auto clients_with = [this](const std::string& status) {
    return " clients were" + (config_.tls.on() ? "" : ", with " + status);
  };
  report(too_many_, clients_with("503") + " (too many connections)");
  report(too_busy_, " requests were, with 503 (too many under way)");
  report(too_many_of_one_, clients_with("429") + " (too many connections of one address)");
}

std::string Load::beginning(std::uint16_t status) const {
  return "Refusing clients with " + std::to_string(status) +
         (config_.tls.on() ? " (those with TLS by closing the connection): " : ": ");
}

void Load::warn(std::string line) const {
  logger_.log(LogCategory::server, LogLevel::warning, std::move(line));
}

}  // namespace sioserve::connection

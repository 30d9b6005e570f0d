#include "server/forwarding/forwarding.h"

#include <algorithm>
#include <string>
#include <utility>

#include "server/base/log_debug.h"
#include "server/base/random_id.h"
#include "server/forwarding/forwarded_websocket.h"
#include "server/net/socket_stream.h"

namespace sioserve::forwarding {
namespace {

constexpr Milliseconds tick_interval{1'000};
// Other servers have one connection each.
constexpr std::size_t max_answerers = 10'000;
// Of connections that have not proved to come from a server.
constexpr std::size_t max_unproved = 100;

}  // namespace

Forwarding::Forwarding(net::Loop& loop, net::ListeningSocket socket, ForwardingSettings settings,
                       socketio::cluster::Bus& bus, Sessions& sessions, Refuse refuse,
                       const WebSocketConfig& websocket_settings, const Logger& logger)
    : loop_(loop),
      settings_(std::move(settings)),
      bus_(bus),
      sessions_(sessions),
      refuse_(std::move(refuse)),
      websocket_settings_(websocket_settings),
      logger_(logger),
      reports_(logger),
      tls_(loop, settings_.tls, logger),
      directory_(random_id().substr(0, tag_size), settings_.announced),
      listener_(loop, std::move(socket), *this),
      tick_(loop, [this] { tick(); }) {
  bus_.subscribe(settings_.channel);
  tick_.start_repeating(tick_interval);
}

Forwarding::~Forwarding() = default;

// --- requests of clients here ---

bool Forwarding::is_elsewhere(const RequestHead& head) const {
  // Browsers ask before (OPTIONS); this server has the same answer.
  if (head.method == "OPTIONS") return false;
  const std::string tag = tag_of_query(head.query_string);
  return !tag.empty() && directory_.find(tag) != nullptr;
}

std::unique_ptr<connection::RequestHandler> Forwarding::make_handler(
    connection::Exchange& exchange) {
  return std::make_unique<ForwardedRequest>(exchange, caller_for(exchange.head()), refuse_);
}

std::unique_ptr<connection::WebSocketHandler> Forwarding::make_handler(
    connection::WebSocketChannel& channel) {
  return std::make_unique<ForwardedWebSocket>(channel, caller_for(channel.head()), refuse_,
                                              websocket_settings_);
}

Caller& Forwarding::caller_for(const RequestHead& head) {
  const std::string tag = tag_of_query(head.query_string);
  std::unique_ptr<Caller>& caller = callers_[tag];
  if (!caller) {
    caller =
        std::make_unique<Caller>(loop_, *directory_.find(tag), settings_.secret, tls_, reports_);
  }
  return *caller;
}

// --- the bus ---

bool Forwarding::message_received(std::string_view channel, std::string_view payload) {
  if (channel != settings_.channel) return false;
  switch (directory_.receive(payload, loop_.now())) {
    case Directory::Received::noted:
      break;
    case Directory::Received::asked:
      announce(Announcement::present);
      break;
    case Directory::Received::malformed:
      log_debug(logger_, LogCategory::engineio,
                "announcement of a server ignored bytes=", payload.size());
      break;
  }
  return true;
}

void Forwarding::bus_connected() {
  directory_.connected(loop_.now());
  announce(Announcement::asking);
}

void Forwarding::announce(Announcement announcement) {
  if (stopping_ && announcement != Announcement::leaving) return;
  next_announcement_ = loop_.now() + Directory::announce_every;
  bus_.publish(settings_.channel, directory_.announce(announcement));
}

// --- requests of clients of other servers ---

void Forwarding::on_accept(FileDescriptor socket, Endpoints endpoints) {
  const auto unproved = static_cast<std::size_t>(std::ranges::count_if(
      answerers_, [](const auto& answerer) { return !answerer->is_proved(); }));
  if (answerers_.size() >= max_answerers || unproved >= max_unproved) {
    if (too_many_.reached(loop_.now())) {
      logger_.log(LogCategory::engineio, LogLevel::warning,
                  "--cluster-listen: refusing connections: " + std::to_string(answerers_.size()) +
                      " are open, " + std::to_string(unproved) +
                      " of them without a proof of the secret "
                      "(docs/scaling.md#when-servers-do-not-reach-each-other)");
    }
    return;
  }
  auto stream = net::SocketStream::adopt(loop_, std::move(socket));
  if (!stream) return;
  answerers_.push_back(
      std::make_unique<Answerer>(loop_, tls_.protect(std::move(*stream), Role::answerer),
                                 settings_.secret, sessions_, reports_, endpoints.client.host));
}

void Forwarding::on_accept_paused(const std::string& reason) {
  logger_.log(LogCategory::engineio, LogLevel::warning, "--cluster-listen: " + reason);
}

// --- time ---

void Forwarding::tick() {
  const TimePoint now = loop_.now();
  directory_.advance(now);
  reports_.advance(now);
  if (now >= next_announcement_) announce(Announcement::present);
  for (const auto& [tag, caller] : callers_) caller->advance(now);
  std::erase_if(callers_, [now](const auto& entry) {
    return entry.second->is_lost() || entry.second->is_idle(now);
  });
  for (const auto& answerer : answerers_) answerer->advance(now);
  std::erase_if(answerers_, [](const auto& answerer) { return answerer->is_lost(); });
  if (const auto refused = too_many_.take_ended(now)) {
    logger_.log(
        LogCategory::engineio, LogLevel::info,
        "--cluster-listen: refused no more: " + std::to_string(*refused) + " connections were");
  }
}

void Forwarding::begin_stop() {
  if (std::exchange(stopping_, true)) return;
  announce(Announcement::leaving);
  tls_.stop();
  for (const auto& [tag, caller] : callers_) caller->release_all();
}

}  // namespace sioserve::forwarding

#include "server/connection/http2_reports.h"

#include <algorithm>
#include <string>

#include "server/connection/shown.h"

namespace sioserve::connection {
namespace {

// What the client does.
std::string_view name_of(http2::Flood flood) {
  switch (flood) {
    case http2::Flood::resets:
      return "reset too many requests";
    case http2::Flood::frames:
      return "send too many frames that carry nothing";
    case http2::Flood::headers:
      return "send more than twice the headers that are allowed (--limit-header-bytes)";
  }
  __builtin_unreachable();
}

}  // namespace

void Http2Reports::flooded(http2::Flood flood, const Address& client, TimePoint now) {
  if (!episodes_[static_cast<std::size_t>(flood)].reached(now)) return;
  logger_.log(LogCategory::server, LogLevel::warning,
              "Closing HTTP/2 connections of clients that " + std::string(name_of(flood)) +
                  "; the first is " + shown(client) + " (docs/http2.md#floods)");
}

void Http2Reports::sweep(TimePoint now) {
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto times = episodes_[i].take_ended(now)) {
      logger_.log(LogCategory::server, LogLevel::info,
                  "Clients no longer " + std::string(name_of(static_cast<http2::Flood>(i))) + ": " +
                      std::to_string(*times) + " HTTP/2 connections were closed");
    }
  }
  violations_.sweep(now);
}

bool Http2Reports::quiet() const {
  return violations_.quiet() && std::ranges::none_of(episodes_, [](const LimitEpisode& episode) {
           return episode.under_way();
         });
}

}  // namespace sioserve::connection

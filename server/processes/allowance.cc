#include "server/processes/allowance.h"

#include "server/port/message_size.h"

namespace sioserve::processes {

std::optional<std::string_view> Allowance::take(const Command& command) {
  if (get_message<DefineRelays>(command) != nullptr) {
    relay_bytes_ += port::size_of(command);
    if (relay_bytes_ > max_relay_bytes) return "it has defined more than 64 MB of relays";
  } else if (const auto* const watch = get_message<WatchRooms>(command)) {
    watched_.insert(watch->name_space);
    if (watched_.size() > max_watched) return "it watches the rooms of over 100,000 namespaces";
  } else if (const auto* const unwatch = get_message<UnwatchRooms>(command)) {
    watched_.erase(unwatch->name_space);
  }
  return std::nullopt;
}

std::optional<std::string_view> Allowance::judge_leaving(std::size_t leaving) {
  if (leaving <= max_leaving) return std::nullopt;
  return "its handlers for over 1,000,000 disconnected clients have not ended";
}

}  // namespace sioserve::processes

#include "server/forwarding/directory.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "server/base/json.h"

namespace sioserve::forwarding {
namespace {

constexpr std::size_t sid_size = 20;  // without the tag
constexpr std::size_t max_payload = 1'024;
constexpr std::size_t max_servers = 10'000;
constexpr std::uint64_t max_time_to_live = 3'600'000;
constexpr int max_port = 65'535;

const char* name_of(Announcement announcement) {
  switch (announcement) {
    case Announcement::present:
      return "present";
    case Announcement::asking:
      return "asking";
    case Announcement::leaving:
      return "leaving";
  }
  __builtin_unreachable();
}

std::optional<std::string> text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::uint64_t> number_of(const Json& object, const char* name, std::uint64_t most) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto number = found->get<std::uint64_t>();
  return number <= most ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string_view tag_of(std::string_view sid) {
  return sid.size() == sid_size + tag_size ? sid.substr(sid_size) : std::string_view();
}

std::string tag_of_query(std::string_view query_string) {
  if (query_string.empty()) return {};
  const auto sid = find_query_parameter(query_string, "sid");
  return sid ? std::string(tag_of(*sid)) : std::string();
}

std::string Directory::announce(Announcement announcement) const {
  return Json{{"server", tag_},
              {"state", name_of(announcement)},
              {"host", address_.host},
              {"port", address_.port},
              {"ttl", time_to_live.count()}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Directory::Received Directory::receive(std::string_view payload, TimePoint now) {
  if (payload.size() > max_payload) return Received::malformed;
  const Json message = Json::parse(payload, nullptr, false);
  if (!message.is_object()) return Received::malformed;
  const auto tag = text_of(message, "server");
  const auto state = text_of(message, "state");
  const auto host = text_of(message, "host");
  const auto port = number_of(message, "port", max_port);
  const auto ttl = number_of(message, "ttl", max_time_to_live);
  if (!tag || tag->size() != tag_size || !state || !host || !port || !ttl) {
    return Received::malformed;
  }
  if (*tag == tag_) return Received::noted;
  if (*state == name_of(Announcement::leaving)) {
    servers_.erase(*tag);
    return Received::noted;
  }
  if (servers_.size() < max_servers || servers_.contains(*tag)) {
    const Milliseconds time{static_cast<std::int64_t>(*ttl)};
    servers_.insert_or_assign(
        *tag, Server{{*host, static_cast<int>(*port)}, time, deadline_after(now, time)});
  }
  return *state == name_of(Announcement::asking) ? Received::asked : Received::noted;
}

const Address* Directory::find(std::string_view tag) const {
  const auto found = servers_.find(std::string(tag));
  return found == servers_.end() ? nullptr : &found->second.address;
}

void Directory::connected(TimePoint now) {
  if (!std::exchange(interrupted_, false)) return;
  for (auto& [tag, server] : servers_) {
    server.until = std::max(server.until, deadline_after(now, server.time_to_live));
  }
}

void Directory::advance(TimePoint now) {
  if (interrupted_) return;
  std::erase_if(servers_, [now](const auto& entry) { return entry.second.until <= now; });
}

}  // namespace sioserve::forwarding

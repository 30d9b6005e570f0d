#include "socketio/cluster/sister_messages.h"

#include <utility>

#include "socketio/cluster/wire_values.h"

namespace sioserve::socketio::cluster {

std::string encode_sister_message(const std::string& uid, const SisterMessage& message) {
  struct Encode {
    Json operator()(const AskCounters& ask) const { return {{"counters_for", ask.request}}; }
    Json operator()(const ToldCounters& told) const {
      return {{"request", told.request}, {"counters", told.counters}};
    }
  };
  Json written{{"uid", uid}};
  written.update(std::visit(Encode(), message));
  return to_text(std::move(written));
}

std::optional<ReceivedSisterMessage> decode_sister_message(std::string_view payload) {
  const auto value = from_json(payload);
  ReceivedSisterMessage received;
  if (!value || !read_text(*value, "uid", received.sender)) return std::nullopt;
  if (auto request = optional_text(*value, "counters_for")) {
    received.message = AskCounters{std::move(*request)};
    return received;
  }
  auto request = optional_text(*value, "request");
  const Json* const counters = member(*value, "counters");
  if (!request || !counters || !counters->is_object()) return std::nullopt;
  received.message = ToldCounters{std::move(*request), *counters};
  return received;
}

Json counters_as_json(const Counters& counters) {
  Json object = Json::object();
  for (std::size_t i = 0; i < counter_count; ++i) {
    const auto counter = static_cast<Counter>(i);
    object[name_of(counter)] = counters.get(counter);
  }
  return object;
}

}  // namespace sioserve::socketio::cluster

// What only servers of sioserve tell each other, on a channel of their own: their counters. JSON,
// with the uid of the sender, and the name of the request:
//
//   {"uid": ..., "counters_for": REQUEST}                      to all
//   {"uid": ..., "request": REQUEST, "counters": {name: n}}    the answer of each
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/base/counters.h"
#include "socketio/cluster/messages.h"

namespace sioserve::socketio::cluster {

struct AskCounters {
  RequestName request;
};

struct ToldCounters {
  RequestName request;
  Json counters;  // an object
};

using SisterMessage = std::variant<AskCounters, ToldCounters>;

struct ReceivedSisterMessage {
  std::string sender;
  SisterMessage message;
};

std::string encode_sister_message(const std::string& uid, const SisterMessage& message);
// Nullopt: malformed.
std::optional<ReceivedSisterMessage> decode_sister_message(std::string_view payload);

Json counters_as_json(const Counters& counters);

}  // namespace sioserve::socketio::cluster

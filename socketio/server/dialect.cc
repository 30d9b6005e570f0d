#include "socketio/server/dialect.h"

#include <nlohmann/json.hpp>

#include "server/base/json.h"
#include "server/base/random_id.h"

namespace sioserve::socketio {

using engine::Protocol;

bool joins_default_namespace(Protocol protocol) { return protocol == Protocol::v3; }

std::string make_socket_id(const engine::Session& session, std::string_view name_space) {
  if (session.protocol() == Protocol::v4) return random_id();
  if (name_space == "/") return session.sid();
  return std::string(name_space) + "#" + session.sid();
}

std::string connect_payload(Protocol protocol, std::string_view id, std::string_view pid) {
  if (protocol == Protocol::v3) return {};
  std::string payload = R"({"sid":")";
  payload.append(id);
  if (!pid.empty()) payload.append(R"(","pid":")").append(pid);
  return payload + "\"}";
}

std::string refusal_payload(Protocol protocol, std::string refusal) {
  if (protocol == Protocol::v4) return refusal;
  const Json parsed = Json::parse(refusal, nullptr, false);
  if (!parsed.is_object()) return refusal;
  for (const char* name : {"data", "message"}) {
    const auto found = parsed.find(name);
    if (found != parsed.end() && !found->is_null()) return found->dump();
  }
  return refusal;
}

}  // namespace sioserve::socketio

#include "socketio/server/dialect.h"

#include <algorithm>
#include <utility>

#include "server/base/http_values.h"
#include "server/base/json.h"
#include "server/base/random_id.h"
#include "server/base/utf8.h"

namespace sioserve::socketio {

using engine::Protocol;

namespace {

// If the decoded text is not UTF-8, the original is used.
std::string decoded(std::string_view text) {
  std::string value = percent_decode(text, PlusSign::space);
  return is_utf8(value) ? value : std::string(text);
}

}  // namespace

bool joins_default_namespace(Protocol protocol) { return protocol == Protocol::v3; }

std::string make_socket_id(const engine::Session& session, std::string_view name_space) {
  if (session.protocol() == Protocol::v4) return random_id();
  if (name_space == "/") return session.sid();
  return std::string(name_space) + "#" + session.sid();
}

ReceivedValue connect_auth(Protocol protocol, ReceivedValue payload, std::string_view query) {
  if (protocol == Protocol::v4) return payload;
  Json auth = Json::object();
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t end = std::min(pair.find('='), pair.size());
    const std::string name = decoded(pair.substr(0, end));
    Json value = decoded(pair.substr(std::min(end + 1, pair.size())));
    const auto found = auth.find(name);
    if (found == auth.end()) {
      auth.emplace(name, std::move(value));
    } else if (found->is_array()) {
      found->push_back(std::move(value));
    } else {
      *found = Json::array({std::move(*found), std::move(value)});
    }
  }
  return {PayloadFormat::json, auth.dump(-1, ' ', false, Json::error_handler_t::replace), {}};
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

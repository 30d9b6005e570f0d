// What the application asks about namespaces, rooms and sessions.
#include <utility>

#include "socketio/server/server.h"

namespace sioserve::socketio {

Answer Server::answer(const Question& question) const {
  return std::visit([this](const auto& asked) { return Answer(answer(asked)); }, question);
}

CountsAsked::Answer Server::answer(const CountsAsked&) const {
  const auto counts = limits_.counters().all();
  return {counts.begin(), counts.end()};
}

}  // namespace sioserve::socketio

#include "socketio/cluster/own_requests.h"

#include <algorithm>
#include <utility>

#include "socketio/cluster/wire_values.h"

namespace sioserve::socketio::cluster {

void OwnRequests::add(const RequestName& name, std::uint64_t number, ClusterTopic topic,
                      TimePoint deadline) {
  requests_.emplace(name, Request{number, topic, deadline});
}

void OwnRequests::count(const RequestName& name, std::optional<std::size_t> servers) {
  const auto found = requests_.find(name);
  if (found == requests_.end()) return;
  if (!servers) {
    finish(found);
    return;
  }
  found->second.servers = *servers;
  finish_if_complete(found);
}

void OwnRequests::arrive(FetchedSockets fetched) {
  const auto found = find(fetched.request, ClusterTopic::fetch_sockets);
  if (found == requests_.end()) return;
  ++found->second.servers_answered;
  for (Json& socket : fetched.sockets) found->second.answers.push_back(std::move(socket));
  finish_if_complete(found);
}

void OwnRequests::arrive(ServerSideAnswer answer) {
  const auto found = find(answer.request, ClusterTopic::server_side_emit);
  if (found == requests_.end()) return;
  ++found->second.servers_answered;
  found->second.answers.push_back(std::move(answer.value));
  finish_if_complete(found);
}

void OwnRequests::arrive(ToldCounters told) {
  const auto found = find(told.request, ClusterTopic::counters);
  if (found == requests_.end()) return;
  ++found->second.servers_answered;
  found->second.answers.push_back(std::move(told.counters));
  finish_if_complete(found);
}

void OwnRequests::arrive(const ClientCount& count) {
  const auto found = find(count.request, ClusterTopic::broadcast);
  if (found == requests_.end()) return;
  ++found->second.servers_answered;
  found->second.clients += count.clients;
  finish_if_complete(found);
}

void OwnRequests::arrive(ClientAnswer answer) {
  const auto found = find(answer.request, ClusterTopic::broadcast);
  if (found == requests_.end()) return;
  ++found->second.clients_answered;
  found->second.answers.push_back(std::move(answer.value));
  finish_if_complete(found);
}

void OwnRequests::advance(TimePoint now) {
  for (auto request = requests_.begin(); request != requests_.end();) {
    request = request->second.deadline <= now ? finish(request) : std::next(request);
  }
}

OwnRequests::Requests::iterator OwnRequests::find(const RequestName& name, ClusterTopic topic) {
  const auto found = requests_.find(name);
  return found != requests_.end() && found->second.topic == topic ? found : requests_.end();
}

void OwnRequests::finish_if_complete(Requests::iterator request) {
  const Request& known = request->second;
  const bool answers_none = known.topic == ClusterTopic::count;
  if (known.servers && (answers_none || known.servers_answered >= *known.servers) &&
      known.clients_answered >= known.clients) {
    finish(request);
  }
}

OwnRequests::Requests::iterator OwnRequests::finish(Requests::iterator request) {
  Request known = std::move(request->second);
  const auto next = requests_.erase(request);
  // If their number is not known, at least one may be missing.
  const std::uint64_t servers = known.servers.value_or(known.servers_answered + 1);
  EncodedArgs answers = to_args(std::move(known.answers));
  answer_({known.number,
           {PayloadFormat::json, std::move(answers.json), std::move(answers.attachments)},
           servers,
           known.topic == ClusterTopic::count && known.servers
               ? 0
               : servers - std::min(servers, known.servers_answered),
           known.clients - std::min(known.clients, known.clients_answered)});
  return next;
}

}  // namespace sioserve::socketio::cluster

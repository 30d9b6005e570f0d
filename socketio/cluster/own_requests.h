// The requests of this server that others have not answered completely.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/port/messages.h"
#include "socketio/cluster/messages.h"
#include "socketio/cluster/sister_messages.h"

namespace sioserve::socketio::cluster {

// Lives on the I/O thread.
class OwnRequests {
 public:
  using Answer = std::function<void(ServersAnswered)>;

  explicit OwnRequests(Answer answer) : answer_(std::move(answer)) {}

  // `topic`: not ClusterTopic::count. Nothing is kept without a number.
  void add(const RequestName& name, std::uint64_t number, ClusterTopic topic, TimePoint deadline);
  std::size_t size() const { return requests_.size(); }
  // The number of the other servers; nullopt: it will not become known.
  void count(const RequestName& name, std::optional<std::size_t> servers);

  // Answers to requests that are not known are ignored.
  void arrive(FetchedSockets fetched);
  void arrive(ServerSideAnswer answer);
  void arrive(ToldCounters told);
  void arrive(const ClientCount& count);
  void arrive(ClientAnswer answer);

  // Gives up the requests whose time is over.
  void advance(TimePoint now);

 private:
  struct Request {
    std::uint64_t number;
    ClusterTopic topic;
    TimePoint deadline;
    Json answers = Json::array();
    std::optional<std::size_t> servers = std::nullopt;  // unknown yet
    std::uint64_t servers_answered = 0;
    std::uint64_t clients = 0;  // that have been asked
    std::uint64_t clients_answered = 0;
  };
  using Requests = std::unordered_map<RequestName, Request>;

  Requests::iterator find(const RequestName& name, ClusterTopic topic);
  void finish_if_complete(Requests::iterator request);
  Requests::iterator finish(Requests::iterator request);

  const Answer answer_;
  Requests requests_;
};

}  // namespace sioserve::socketio::cluster

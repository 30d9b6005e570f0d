// This server as a member of a cluster, over a Bus.
//
//   the Server          -> broadcast()        -> published once
//   the application     -> handle()           -> published; answers come as ServersAnswered
//   the bus             -> message_received() -> the sockets of this server, or the application
//
// Own clients get a broadcast at once, from the Server; what the bus gives back is recognized by
// the uid of this server and ignored. What other servers do to sockets (events, joins, leaves,
// disconnects) needs no application here. Only fetch_sockets() and server_side_emit() of others ask
// it, unless it is overloaded. A request ends when all servers have answered, at the latest after
// its timeout.
//
// Knows no network and no clock: the time is passed in. Lives on the I/O thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/base/clock.h"
#include "server/base/limit_episode.h"
#include "server/port/event_sink.h"
#include "server/port/messages.h"
#include "socketio/cluster/bus.h"
#include "socketio/cluster/format.h"
#include "socketio/cluster/message_numbers.h"
#include "socketio/cluster/own_requests.h"
#include "socketio/cluster/subscriptions.h"
#include "socketio/limits/limits.h"
#include "socketio/server/other_servers.h"
#include "socketio/server/server.h"

namespace sioserve::socketio::cluster {

class Cluster final : public OtherServers, public BusObserver {
 public:
  // The arguments outlive this object, except `server`, which uses it: it must be constructed
  // before the first call of a function. join() comes first, before the first client.
  Cluster(Server& server, Bus& bus, std::unique_ptr<const Format> format, EventSink& events,
          Limits& limits, const Logger& logger);
  void join();

  void handle(const ClusterCommand& command);
  // Call it about every 20 ms.
  void advance(TimePoint now);

  // The one by which other servers know this one.
  const std::string& uid() const { return uid_; }

  // --- OtherServers ---
  RoomObserver& namespace_added(const std::string& name) override;
  void namespace_removed(const std::string& name) override;
  void broadcast(const std::string& name_space, RemoteTarget target, const EncodedArgs& args,
                 Delivery delivery, Compression compression) override;
  void acknowledged(std::uint64_t callback, const ReceivedValue& args) override;

  // --- BusObserver ---
  void message_received(std::string_view channel, std::string_view payload) override;
  void bus_connected() override {}
  void bus_interrupted() override {}

 private:
  // A request of another server that is not answered yet.
  struct Inquiry {
    RequestName request;
    std::string asker;
    std::string name_space;
    ClusterTopic topic;
    TimePoint deadline;
    std::size_t answers;  // that may still come
  };
  using Inquiries = std::unordered_map<std::uint64_t, Inquiry>;

  void handle(const ChangeSockets& command);
  void handle(const AskServers& command);
  void handle(const AnswerServer& command);
  // Too many requests are open.
  void refuse(const AskServers& command);

  void receive(const Received& received, Broadcast& broadcast);
  void receive(const Received& received, JoinRooms& join);
  void receive(const Received& received, LeaveRooms& leave);
  void receive(const Received& received, Disconnect& disconnect);
  void receive(const Received& received, FetchSockets& fetch);
  void receive(const Received& received, ListRooms& list);
  void receive(const Received& received, ServerSideEmit& emit);
  void receive(const Received&, ListedRooms&) {}
  template <typename OwnAnswer>
  void receive(const Received&, OwnAnswer& answer) {
    own_requests_.arrive(std::move(answer));
  }

  void receive_sister(std::string_view payload);
  void ignore(std::string_view channel, std::size_t bytes);
  // Messages of another server have not arrived.
  void report_missing(std::string_view channel, std::uint64_t messages);
  void report_end_of_gaps();
  void report_end_of_refusals();
  // False: the application has too many events, and is not asked. That is counted.
  bool may_ask_application();
  std::uint64_t add_inquiry(const Received& received, const RequestName& request,
                            ClusterTopic topic, Milliseconds timeout, std::size_t answers);
  // As many rooms as one message may have.
  std::vector<std::vector<std::string>> divided(const std::vector<std::string>& rooms) const;
  Bus::Published publish(const SisterMessage& message);
  Bus::Published publish(const std::string& name_space, const Message& message,
                         const std::string& asker = {});

  Server& server_;
  Bus& bus_;
  const std::unique_ptr<const Format> format_;
  EventSink& events_;
  Limits& limits_;
  const Logger& logger_;
  const std::string uid_;
  const std::string sister_channel_;
  SentNumbers sent_numbers_;
  ReceivedNumbers received_numbers_;
  LimitEpisode gaps_;
  std::uint64_t missed_ = 0;  // messages, in this episode
  Subscriptions subscriptions_;
  OwnRequests own_requests_;
  LimitEpisode requests_refused_;
  Inquiries inquiries_;
  std::uint64_t last_inquiry_ = 0;
  std::uint64_t last_request_ = 0;
  TimePoint now_{};
};

}  // namespace sioserve::socketio::cluster

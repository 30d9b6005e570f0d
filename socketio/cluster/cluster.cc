#include "socketio/cluster/cluster.h"

#include <optional>
#include <utility>

#include "server/base/log_debug.h"
#include "socketio/cluster/wire_values.h"
#include "socketio/parser/json_tree.h"

namespace sioserve::socketio::cluster {
namespace {

// How long others may wait for this server's application, or for its clients if they do not say
// how long.
constexpr Milliseconds inquiry_patience{60'000};

// Of other servers, not answered. A server that asks so much gets no answers to the rest.
constexpr std::size_t max_inquiries = 10'000;

// To other servers, of all processes, whose answers are awaited. More are refused.
constexpr std::size_t max_own_requests = 10'000;

Target target_of(const std::vector<std::string>& rooms, const std::vector<std::string>& except) {
  return {rooms, except};
}

BroadcastTarget local(const Target& target) { return {target.rooms, target.except, {}}; }

// The first element of the arguments of an acknowledgement: the format has no place for more.
Json first_of(const Json& args) { return args.is_array() && !args.empty() ? args.front() : Json(); }

}  // namespace

Cluster::Cluster(Server& server, Bus& bus, std::unique_ptr<const Format> format, EventSink& events,
                 Limits& limits, const Logger& logger)
    : server_(server),
      bus_(bus),
      format_(std::move(format)),
      events_(events),
      limits_(limits),
      logger_(logger),
      uid_(format_->make_uid()),
      sister_channel_(format_->sister_channel()),
      subscriptions_(bus_, *format_, uid_,
                     [this](const std::string& channel) { received_numbers_.forget(channel); }),
      own_requests_([this](ServersAnswered answered) {
        events_.push(Event(ClusterEvent(std::move(answered))));
      }) {}

void Cluster::join() {
  bus_.subscribe(sister_channel_);
  server_.join_cluster(*this);
}

RoomObserver& Cluster::namespace_added(const std::string& name) { return subscriptions_.add(name); }

void Cluster::namespace_removed(const std::string& name) { subscriptions_.remove(name); }

void Cluster::advance(TimePoint now) {
  now_ = now;
  subscriptions_.advance(now);
  own_requests_.advance(now);
  sent_numbers_.advance(now);
  received_numbers_.advance(now);
  report_end_of_gaps();
  report_end_of_refusals();
  std::erase_if(inquiries_, [now](const auto& entry) { return entry.second.deadline <= now; });
}

Bus::Published Cluster::publish(const std::string& name_space, const Message& message,
                                const std::string& asker) {
  const std::string channel = format_->channel_for(name_space, message, asker);
  if (channel.empty()) return Bus::Published::dropped;
  Origin origin{uid_};
  if (!is_answer(message)) origin.number = sent_numbers_.next(channel);
  std::string payload = format_->encode(origin, name_space, message);
  // After an outage nobody waits for the answers any more.
  return is_request(message) ? bus_.publish_now(channel, std::move(payload))
                             : bus_.publish(channel, std::move(payload));
}

Bus::Published Cluster::publish(const SisterMessage& message) {
  std::string payload = encode_sister_message(uid_, message);
  return std::holds_alternative<AskCounters>(message)
             ? bus_.publish_now(sister_channel_, std::move(payload))
             : bus_.publish(sister_channel_, std::move(payload));
}

// --- to other servers ---

void Cluster::broadcast(const std::string& name_space, RemoteTarget target, const EncodedArgs& args,
                        Delivery delivery, Compression compression) {
  publish(name_space,
          Broadcast{target_of(target.rooms, target.except), args, delivery, compression});
}

void Cluster::handle(const ClusterCommand& command) {
  std::visit([this](const auto& alternative) { handle(alternative); }, command);
}

std::vector<std::vector<std::string>> Cluster::divided(
    const std::vector<std::string>& rooms) const {
  std::vector<std::vector<std::string>> parts;
  switch (format_->rooms_per_change()) {
    case Format::RoomsPerChange::any:
      parts.push_back(rooms);
      break;
    case Format::RoomsPerChange::one:
      for (const std::string& room : rooms) parts.push_back({room});
      break;
  }
  return parts;
}

void Cluster::handle(const ChangeSockets& command) {
  Target target = target_of(command.rooms, command.except_rooms);
  switch (command.change) {
    case SocketChange::join:
      for (auto& rooms : divided(command.changed_rooms)) {
        publish(command.name_space, JoinRooms{target, std::move(rooms)});
      }
      return;
    case SocketChange::leave:
      for (auto& rooms : divided(command.changed_rooms)) {
        publish(command.name_space, LeaveRooms{target, std::move(rooms)});
      }
      return;
    case SocketChange::disconnect:
      publish(command.name_space, Disconnect{std::move(target), DisconnectScope::name_space});
      return;
    case SocketChange::close_session:
      publish(command.name_space, Disconnect{std::move(target), DisconnectScope::session});
      return;
  }
}

void Cluster::refuse(const AskServers& command) {
  limits_.counters().add(Counter::cluster_requests_refused);
  if (requests_refused_.reached(now_)) {
    logger_.log(LogCategory::socketio, LogLevel::warning,
                std::to_string(max_own_requests) +
                    " requests to other servers wait for answers; more are refused");
  }
  events_.push(Event(ClusterEvent(
      ServersAnswered{command.number, {PayloadFormat::json, "[]", {}}, 0, 0, 0, true})));
}

void Cluster::handle(const AskServers& command) {
  const bool is_asked = command.number != 0;
  if (is_asked && own_requests_.size() >= max_own_requests) return refuse(command);
  const std::string& name_space = command.name_space;
  // Unique among the requests of this server, and in the form of the package's names.
  const RequestName name = uid_ + std::to_string(++last_request_);
  const bool is_of_sisters = command.topic == ClusterTopic::counters;
  const bool is_here = is_of_sisters || subscriptions_.has(name_space);
  const auto request = is_asked ? std::optional(name) : std::nullopt;
  const TimePoint deadline = deadline_after(now_, command.timeout);
  Bus::Published published = Bus::Published::sent;
  switch (command.topic) {
    case ClusterTopic::count:
      break;
    case ClusterTopic::counters:
      published = publish(AskCounters{name});
      break;
    case ClusterTopic::fetch_sockets:
      published =
          publish(name_space, FetchSockets{target_of(command.rooms, command.except_rooms), name});
      break;
    case ClusterTopic::server_side_emit:
      published = publish(name_space, ServerSideEmit{command.args, request});
      break;
    case ClusterTopic::broadcast:
      published = publish(
          name_space, Broadcast{target_of(command.rooms, command.except_rooms), command.args,
                                command.delivery, command.compression, request, command.timeout});
      break;
  }
  if (!is_asked) return;
  own_requests_.add(name, command.number, command.topic, deadline);
  // Without this server's own subscription, it would not get the answers.
  const bool is_answered = is_here || command.topic == ClusterTopic::count;
  if (published == Bus::Published::dropped || !is_answered) {
    return own_requests_.count(name, std::nullopt);
  }
  bus_.count_subscribers(is_of_sisters ? sister_channel_ : format_->counted_channel(name_space),
                         [this, name, is_here](std::optional<std::size_t> subscribers) {
                           if (is_here && subscribers && *subscribers > 0) --*subscribers;
                           own_requests_.count(name, subscribers);
                         });
}

void Cluster::handle(const AnswerServer& command) {
  const auto found = inquiries_.find(command.number);
  if (found == inquiries_.end()) return;
  const Inquiry inquiry = std::move(found->second);
  inquiries_.erase(found);
  Json value = first_of(to_tree(command.args));
  switch (inquiry.topic) {
    case ClusterTopic::fetch_sockets:
      if (!value.is_array()) value = Json::array();
      publish(inquiry.name_space, FetchedSockets{inquiry.request, std::move(value)}, inquiry.asker);
      return;
    case ClusterTopic::server_side_emit:
      publish(inquiry.name_space, ServerSideAnswer{inquiry.request, std::move(value)},
              inquiry.asker);
      return;
    case ClusterTopic::broadcast:
    case ClusterTopic::counters:
    case ClusterTopic::count:
      return;
  }
}

void Cluster::acknowledged(std::uint64_t callback, const ReceivedValue& args) {
  const auto found = inquiries_.find(callback);
  if (found == inquiries_.end()) return;
  Inquiry& inquiry = found->second;
  publish(inquiry.name_space, ClientAnswer{inquiry.request, first_of(parser::to_tree(args))},
          inquiry.asker);
  if (--inquiry.answers == 0) inquiries_.erase(found);
}

// --- from other servers ---

void Cluster::message_received(std::string_view channel, std::string_view payload) {
  if (channel == sister_channel_) return receive_sister(payload);
  const Subscriptions::Meaning meaning = subscriptions_.meaning_of(std::string(channel));
  if (format_->is_written_by(uid_, meaning.kind, payload)) return;
  auto received = format_->decode(meaning.kind, payload);
  if (!received) return ignore(channel, payload.size());
  if (received->sender == uid_) return;
  if (received->number) {
    const std::uint64_t missing =
        received_numbers_.arrive(std::string(channel), received->sender, *received->number);
    if (missing > 0) report_missing(channel, missing);
  }
  if (received->name_space.empty()) received->name_space = meaning.name_space;
  if (!subscriptions_.has(received->name_space) && !format_->is_for_all_namespaces(channel)) {
    return ignore(channel, payload.size());
  }
  std::visit([&](auto& message) { receive(*received, message); }, received->message);
}

void Cluster::receive_sister(std::string_view payload) {
  auto received = decode_sister_message(payload);
  if (!received) return ignore(sister_channel_, payload.size());
  if (received->sender == uid_) return;
  if (const auto* const asked = std::get_if<AskCounters>(&received->message)) {
    publish(ToldCounters{asked->request, counters_as_json(limits_.counters())});
  } else {
    own_requests_.arrive(std::move(std::get<ToldCounters>(received->message)));
  }
}

void Cluster::ignore(std::string_view channel, std::size_t bytes) {
  limits_.counters().add(Counter::cluster_messages_ignored);
  log_debug(logger_, LogCategory::socketio, "message of another server ignored channel=", channel,
            " bytes=", bytes);
}

void Cluster::report_missing(std::string_view channel, std::uint64_t messages) {
  limits_.counters().add(Counter::cluster_gaps);
  limits_.counters().add(Counter::cluster_messages_missed, messages);
  missed_ += messages;
  if (!gaps_.reached(now_)) return;
  logger_.log(LogCategory::socketio, LogLevel::warning,
              "Messages of another server did not arrive (" + std::to_string(messages) +
                  " on the channel " + std::string(channel) + ")");
}

void Cluster::report_end_of_gaps() {
  const auto gaps = gaps_.take_ended(now_);
  if (!gaps) return;
  const std::uint64_t missed = std::exchange(missed_, 0);
  if (*gaps == 1) return;
  logger_.log(LogCategory::socketio, LogLevel::warning,
              std::to_string(missed) + " messages of other servers did not arrive, in " +
                  std::to_string(*gaps) + " gaps");
}

void Cluster::report_end_of_refusals() {
  const auto refused = requests_refused_.take_ended(now_);
  if (!refused || *refused == 1) return;
  logger_.log(LogCategory::socketio, LogLevel::warning,
              std::to_string(*refused) + " requests to other servers were refused");
}

void Cluster::receive(const Received& received, Broadcast& broadcast) {
  if (broadcast.request && inquiries_.size() >= max_inquiries) {
    limits_.counters().add(Counter::cluster_messages_ignored);  // for the asker, it is silent
  } else if (broadcast.request) {
    const Milliseconds timeout = broadcast.timeout.value_or(Milliseconds{0});
    const std::uint64_t callback =
        add_inquiry(received, *broadcast.request, ClusterTopic::broadcast,
                    timeout > Milliseconds{0} ? timeout : inquiry_patience, 0);
    const std::size_t clients =
        server_.ask_sockets(received.name_space, local(broadcast.target), broadcast.args, callback);
    publish(received.name_space, ClientCount{*broadcast.request, clients}, received.sender);
    const auto inquiry = inquiries_.find(callback);
    inquiry->second.answers = clients;
    if (clients == 0) inquiries_.erase(inquiry);
    return;
  }
  server_.deliver(SocketBroadcast{received.name_space, std::move(broadcast.target.rooms),
                                  std::move(broadcast.target.except), std::move(broadcast.args),
                                  broadcast.delivery, broadcast.compression,
                                  BroadcastScope::this_server});
}

void Cluster::receive(const Received& received, JoinRooms& join) {
  server_.join_rooms(received.name_space, local(join.target), join.rooms);
}

void Cluster::receive(const Received& received, LeaveRooms& leave) {
  server_.leave_rooms(received.name_space, local(leave.target), leave.rooms);
}

void Cluster::receive(const Received& received, Disconnect& disconnect) {
  const bool close = disconnect.scope == DisconnectScope::session;
  server_.close_sockets(received.name_space, local(disconnect.target), SocketClose{{}, close});
}

bool Cluster::may_ask_application() {
  const bool may = !events_.full(StreamId{}) && inquiries_.size() < max_inquiries;
  if (!may) limits_.counters().add(Counter::cluster_messages_ignored);
  return may;
}

void Cluster::receive(const Received& received, FetchSockets& fetch) {
  if (!may_ask_application()) return;
  const std::uint64_t number =
      add_inquiry(received, fetch.request, ClusterTopic::fetch_sockets, inquiry_patience, 1);
  events_.push(Event(ClusterEvent(AskedByServer{number,
                                                ClusterTopic::fetch_sockets,
                                                received.name_space,
                                                std::move(fetch.target.rooms),
                                                std::move(fetch.target.except),
                                                {}})));
}

void Cluster::receive(const Received& received, ListRooms& list) {
  publish(received.name_space, ListedRooms{list.request, server_.room_names(received.name_space)},
          received.sender);
}

void Cluster::receive(const Received& received, ServerSideEmit& emit) {
  if (!may_ask_application()) return;
  std::uint64_t number = 0;
  if (emit.request) {
    number =
        add_inquiry(received, *emit.request, ClusterTopic::server_side_emit, inquiry_patience, 1);
  }
  events_.push(Event(ClusterEvent(AskedByServer{
      number,
      ClusterTopic::server_side_emit,
      received.name_space,
      {},
      {},
      {PayloadFormat::json, std::move(emit.args.json), std::move(emit.args.attachments)}})));
}

std::uint64_t Cluster::add_inquiry(const Received& received, const RequestName& request,
                                   ClusterTopic topic, Milliseconds timeout, std::size_t answers) {
  const std::uint64_t number = ++last_inquiry_ | callback_of_server;
  inquiries_.emplace(number, Inquiry{request, received.sender, received.name_space, topic,
                                     deadline_after(now_, timeout), answers});
  return number;
}

}  // namespace sioserve::socketio::cluster

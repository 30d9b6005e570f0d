#include "server/forwarding/answerer.h"

#include <utility>
#include <variant>

#include "server/forwarding/remote_channel.h"
#include "server/forwarding/remote_exchange.h"

namespace sioserve::forwarding {
namespace {

constexpr std::size_t max_streams = 100'000;
// The other server does not read: nobody gains if more waits.
constexpr std::size_t max_unsent_to_caller = 256'000'000;

}  // namespace

Answerer::Answerer(net::Loop& loop, PeerStream stream, const std::string& secret,
                   Sessions& sessions, LossReports& reports, std::string host)
    : loop_(loop),
      stream_(std::move(stream)),
      sessions_(sessions),
      reports_(reports),
      host_(std::move(host)),
      link_(Role::answerer, secret, *stream_, loop.now()) {
  stream_->start(*this);
}

Answerer::~Answerer() {
  lost_ = true;
  stream_->close();
  for (const auto& [number, stream] : streams_) stream->end();
}

void Answerer::send(const Message& message) {
  // With a message missing, the rest is of no use; advance() gives the connection up.
  if (!lost_ && !has_gap_ && !link_.send(message)) has_gap_ = true;
}

void Answerer::finish(StreamNumber stream) {
  finished_.push_back(stream);
  loop_.deferred_queue().schedule(*this);
}

void Answerer::on_turn_end() {
  for (const StreamNumber stream : std::exchange(finished_, {})) end(stream);
}

void Answerer::advance(TimePoint now) {
  if (lost_) return;
  if (has_gap_) return lose("a message is too large");
  if (stream_->buffered() > max_unsent_to_caller) return lose("it does not read");
  if (auto alive = link_.advance(now); !alive) lose(stream_.describe_failure(alive.error()));
}

void Answerer::on_read(std::string_view bytes) {
  if (lost_) return;
  link_.feed(bytes, loop_.now());
  while (!lost_) {
    auto message = link_.next();
    if (!message) return lose(stream_.describe_failure(message.error()));
    if (!*message) return;
    dispatch(std::move(**message));
  }
}

void Answerer::dispatch(Message message) {
  if (auto* const request = std::get_if<OpenRequest>(&message)) return open(*request);
  if (auto* const websocket = std::get_if<OpenWebSocket>(&message)) return open(*websocket);
  const StreamNumber number = stream_of(message);
  if (std::holds_alternative<ClientGone>(message)) {
    const auto found = streams_.find(number);
    if (found == streams_.end()) return;
    found->second->receive(std::move(message));
    streams_.erase(found);
    return;
  }
  const auto found = streams_.find(number);
  if (found != streams_.end()) found->second->receive(std::move(message));
}

void Answerer::open(OpenRequest& message) {
  const StreamNumber number = message.stream;
  if (streams_.size() >= max_streams || streams_.contains(number)) return send(Abort{number});
  auto exchange = std::make_unique<RemoteExchange>(*this, sessions_, std::move(message));
  RemoteExchange& opened = *exchange;
  streams_.emplace(number, std::move(exchange));
  opened.begin();
}

void Answerer::open(OpenWebSocket& message) {
  const StreamNumber number = message.stream;
  if (streams_.size() >= max_streams || streams_.contains(number)) return send(Abort{number});
  auto channel = std::make_unique<RemoteChannel>(*this, sessions_, std::move(message));
  RemoteChannel& opened = *channel;
  streams_.emplace(number, std::move(channel));
  opened.begin();
}

void Answerer::end(StreamNumber stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  found->second->end();
  streams_.erase(found);
}

void Answerer::lose(const std::string& reason) {
  lost_ = true;
  if (link_.ready()) {
    stream_->close();
  } else {
    stream_->finish();  // what was sent last says why
  }
  reports_.lost("The inner connection from " + host_ + " is lost: " + reason, loop_.now());
  for (const auto& [number, stream] : std::exchange(streams_, {})) stream->end();
}

// Another server closes connections that it has not used for a while.
void Answerer::on_end() {
  if (lost_) return;
  if (!streams_.empty()) return lose("the server has closed it");
  lost_ = true;
  stream_->close();
}

void Answerer::on_broken() {
  if (!lost_) lose(stream_.describe_break());
}

}  // namespace sioserve::forwarding

#include "server/forwarding/caller.h"

#include <utility>
#include <variant>

#include "server/net/listening_socket.h"

namespace sioserve::forwarding {
namespace {

constexpr Milliseconds connect_timeout{2'000};
constexpr Milliseconds keep_idle{60'000};
// The other server does not read: nobody gains if more waits.
constexpr std::size_t max_unsent_to_answerer = 64'000'000;

}  // namespace

Caller::Caller(net::Loop& loop, const Address& address, const std::string& secret, PeerTls& tls,
               LossReports& reports)
    : loop_(loop),
      shown_(net::to_string(address)),
      secret_(secret),
      tls_(tls),
      reports_(reports),
      connector_(
          loop,
          [this](net::Connector::Connected connected) { on_connected(std::move(connected)); }),
      used_(loop.now()) {
  connector_.connect(net::TcpTarget{address.host, static_cast<std::uint16_t>(address.port)},
                     connect_timeout);
}

Caller::~Caller() {
  if (stream_) (*stream_)->close();
  state_ = State::lost;
  for (const auto& [number, stream] : std::exchange(streams_, {})) stream->lost();
}

StreamNumber Caller::add(CallerStream& stream) {
  used_ = loop_.now();
  const StreamNumber number{++last_stream_};
  streams_[number] = &stream;
  return number;
}

void Caller::send(Message message) {
  switch (state_) {
    case State::connecting:
      waiting_.push_back(std::move(message));
      return;
    case State::connected:
      // With a message missing, the rest is of no use. The connection is given up by advance(), not
      // within the call of a stream.
      if ((*stream_)->buffered() > max_unsent_to_answerer) has_gap_ = true;
      if (!has_gap_ && !link_->send(message)) has_gap_ = true;
      return;
    case State::lost:
      return;
  }
}

bool Caller::is_idle(TimePoint now) const { return streams_.empty() && now - used_ >= keep_idle; }

void Caller::release_all() {
  for (const auto& [number, stream] : streams_) stream->release();
}

void Caller::advance(TimePoint now) {
  if (!streams_.empty()) used_ = now;
  if (state_ != State::connected) return;
  if (has_gap_) return lose("it does not read, or a message is too large");
  if (auto alive = link_->advance(now); !alive) lose(stream_->describe_failure(alive.error()));
}

void Caller::on_connected(net::Connector::Connected connected) {
  if (!connected) return lose(connected.error());
  state_ = State::connected;
  stream_.emplace(tls_.protect(std::move(*connected), Role::caller));
  link_.emplace(Role::caller, secret_, **stream_, loop_.now());
  (*stream_)->start(*this);
  for (Message& message : std::exchange(waiting_, {})) send(std::move(message));
}

void Caller::on_read(std::string_view bytes) {
  if (state_ == State::lost) return;
  link_->feed(bytes, loop_.now());
  while (state_ == State::connected) {
    auto message = link_->next();
    if (!message) return lose(stream_->describe_failure(message.error()));
    if (!*message) return;
    dispatch(std::move(**message));
  }
}

void Caller::dispatch(Message message) {
  const StreamNumber number = stream_of(message);
  // The client may have gone meanwhile.
  const auto found = streams_.find(number);
  if (found != streams_.end()) found->second->receive(std::move(message));
}

void Caller::lose(const std::string& reason) {
  if (state_ == State::lost) return;
  state_ = State::lost;
  if (stream_) end_stream();
  waiting_.clear();
  reports_.lost("The inner connection to the server at " + shown_ + " is lost: " + reason,
                loop_.now());
  for (const auto& [number, stream] : std::exchange(streams_, {})) stream->lost();
}

// Before the proof, what was sent last says why.
void Caller::end_stream() {
  if (link_->ready()) {
    (*stream_)->close();
  } else {
    (*stream_)->finish();
  }
}

void Caller::on_end() {
  lose(stream_->in_tls_handshake()
           ? "the server has closed it during the TLS handshake; has it no --cluster-tls-cert?"
           : "the server has closed it");
}

void Caller::on_broken() { lose(stream_->describe_break()); }

}  // namespace sioserve::forwarding

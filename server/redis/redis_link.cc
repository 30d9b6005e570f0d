#include "server/redis/redis_link.h"

#include <algorithm>
#include <random>
#include <utility>
#include <variant>

#include "server/net/background.h"

namespace sioserve::redis {
namespace {

constexpr Milliseconds tick_interval{500};

ConnectionError unreachable(std::string reason) {
  return {ConnectionError::Kind::lost, std::move(reason)};
}

}  // namespace

RedisLink::RedisLink(net::Loop& loop, const RedisUrl& url, const RedisTls& tls, PubSub pub_sub,
                     ConnectionTimes times, LinkOwner& owner)
    : loop_(loop),
      url_(url),
      tls_(tls),
      pub_sub_(pub_sub),
      times_(times),
      owner_(owner),
      backoff_(std::random_device()()),
      connector_(
          loop,
          [this](net::Connector::Connected connected) { on_connected(std::move(connected)); }),
      retry_(loop, [this] { connect(); }),
      tick_(loop, [this] { on_tick(); }),
      run_in_background_(net::background_of(loop)),
      tls_streams_{loop.deferred_queue(), run_in_background_} {}

void RedisLink::start() {
  if (state_ != State::idle) return;
  state_ = State::waiting;
  retry_.start_once(Milliseconds(0));
}

void RedisLink::close() {
  state_ = State::closed;
  connector_.cancel();
  retry_.stop();
  tick_.stop();
  if (stream_) stream_->close();
}

void RedisLink::connect() {
  state_ = State::connecting;
  connector_.connect(url_.target, times_.timeout);
}

void RedisLink::on_connected(net::Connector::Connected connected) {
  if (!connected) return lose(unreachable(connected.error()));
  state_ = State::logging_in;
  make_stream(std::move(*connected));
  stream_->start(*this);
  connection_ =
      std::make_unique<RedisConnection>(url_.credentials, pub_sub_, *stream_, loop_.now(), times_);
  tick_.start_repeating(std::min(tick_interval, times_.timeout / 4));
}

void RedisLink::make_stream(std::unique_ptr<net::Stream> socket) {
  tls_stream_ = nullptr;
  if (!url_.tls) {
    stream_ = std::move(socket);
    return;
  }
  const std::string& host = std::get<net::TcpTarget>(url_.target).host;
  auto stream = std::make_unique<tls::Stream>(
      tls_streams_, std::move(socket),
      std::make_unique<tls::Engine>(tls_.context()->new_session(host)));
  tls_stream_ = stream.get();
  stream_ = std::move(stream);
}

void RedisLink::on_read(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, ReplyReader::good_part);
    bytes.remove_prefix(part.size());
    connection_->feed(part, loop_.now());
    take_events();
    if (state_ != State::logging_in && state_ != State::ready) return;
  }
  owner_.link_progressed(*this);
}

// An event may close the link.
void RedisLink::take_events() {
  while (state_ == State::logging_in || state_ == State::ready) {
    auto event = connection_->next();
    if (!event) return lose(event.error());
    if (!*event) return;
    if (std::holds_alternative<Ready>(**event)) {
      state_ = State::ready;
      ready_since_ = loop_.now();
      owner_.link_ready(*this);
    } else {
      owner_.link_event(*this, std::move(**event));
    }
  }
}

void RedisLink::lose(const ConnectionError& error) {
  const bool was_connected = state_ == State::logging_in || state_ == State::ready;
  const std::size_t unconfirmed = was_connected ? connection_->unconfirmed_publishes() : 0;
  // A connection that Redis cuts again and again must not be made ten times a second.
  if (state_ == State::ready && loop_.now() - ready_since_ >= Backoff::longest) backoff_.reset();
  state_ = State::waiting;
  if (stream_) stream_->close();
  tick_.stop();
  retry_.start_once(backoff_.next());
  owner_.link_lost(*this, error, unconfirmed);
}

void RedisLink::on_tick() {
  if (auto alive = connection_->advance(loop_.now()); !alive) lose(alive.error());
}

void RedisLink::on_end() {
  const bool in_handshake = tls_stream_ != nullptr && tls_stream_->in_handshake();
  lose(unreachable(std::string("Redis has closed the connection") +
                   (in_handshake ? " during the TLS handshake" : "")));
}

// The kernel takes the first bytes even if Redis is dead, but it does not take the rest.
void RedisLink::on_drain() {
  if (stream_->buffered() > 0) connection_->output_progressed(loop_.now());
}

void RedisLink::on_file_failed(const OpenFile&, std::string_view) {}

void RedisLink::on_broken() {
  const std::string failure = tls_stream_ == nullptr ? "" : tls_stream_->failure();
  if (failure.empty()) return lose(unreachable("the connection is broken"));
  lose({ConnectionError::Kind::refused, "TLS has failed: " + failure});
}

}  // namespace sioserve::redis

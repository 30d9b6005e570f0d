#include "server/forwarding/link.h"

#include <utility>

namespace sioserve::forwarding {
namespace {

constexpr std::size_t max_handshake_frame = 1'024;
constexpr std::size_t nonce_size = 32;

// Records of TLS begin with their type and the major version (RFC 8446 section 5.1). These are a
// ClientHello and an alert.
constexpr std::string_view tls_handshake = "\x16\x03";
constexpr std::string_view tls_alert = "\x15\x03";

template <typename Variant, typename M>
inline constexpr bool holds = false;
template <typename M, typename... Alternatives>
inline constexpr bool holds<std::variant<Alternatives...>, M> = (std::is_same_v<M, Alternatives> ||
                                                                 ...);

// Whether this end may get the message once the link is ready.
bool is_for(Role role, const Message& message) {
  return std::visit(
      [role]<typename M>(const M&) {
        switch (role) {
          case Role::caller:
            return holds<FromAnswerer, M>;
          case Role::answerer:
            return holds<FromCaller, M>;
        }
        __builtin_unreachable();
      },
      message);
}

}  // namespace

const char* describe(LinkError error) {
  switch (error) {
    case LinkError::bad_frame:
      return "it does not speak the protocol of --cluster-listen";
    case LinkError::unexpected:
      return "it sent a message that does not belong there";
    case LinkError::bad_version:
      return "it runs another version of sioserve";
    case LinkError::bad_proof:
      return "it has another --cluster-secret";
    case LinkError::silent:
      return "it does not answer";
    case LinkError::late:
      return "it did not prove in time that it has the --cluster-secret";
    case LinkError::has_tls:
      return "it uses TLS (--cluster-tls-cert), and this server does not";
  }
  __builtin_unreachable();
}

Link::Link(Role role, const std::string& secret, OutputSink& output, TimePoint now, LinkTimes times)
    : role_(role),
      secret_(secret),
      output_(output),
      times_(times),
      begin_(now),
      state_(role == Role::caller ? State::challenge : State::hello),
      nonce_(make_nonce()),
      reader_(max_handshake_frame),
      now_(now),
      heard_(now),
      sent_(now) {
  if (role_ == Role::caller) write(Hello{protocol_version, nonce_});
}

bool Link::send(const Message& message) {
  if (!ready()) return append_frame(message, waiting_);
  std::string frame;
  if (!append_frame(message, frame)) return false;
  sent_ = now_;
  output_.write_owned(std::move(frame));
  return true;
}

void Link::write(const Message& message) {
  std::string frame;
  append_frame(message, frame);
  sent_ = now_;
  output_.write_owned(std::move(frame));
}

void Link::feed(std::string_view bytes, TimePoint now) {
  now_ = heard_ = now;
  if (first_.size() < tls_alert.size()) first_ += bytes.substr(0, tls_alert.size() - first_.size());
  reader_.feed(bytes);
}

Failure<LinkError> Link::fail(LinkError error) { return Failure{error_.emplace(error)}; }

Failure<LinkError> Link::fail_bad_frame() {
  if (ready() || (first_ != tls_handshake && first_ != tls_alert)) {
    return fail(LinkError::bad_frame);
  }
  // Anything that is no TLS.
  if (first_ == tls_handshake) write(Ping{});
  return fail(LinkError::has_tls);
}

Result<std::optional<Message>, LinkError> Link::next() {
  if (error_) return Failure{*error_};
  for (;;) {
    auto read = reader_.next();
    if (!read) return fail_bad_frame();
    if (!*read) return std::optional<Message>();
    const Message& message = **read;
    std::optional<LinkError> error = LinkError::unexpected;
    if (ready()) {
      if (is_for(role_, message)) return std::move(*read);
      if (std::holds_alternative<Ping>(message)) error.reset();
    } else if (const auto* const hello = std::get_if<Hello>(&message)) {
      error = receive(*hello);
    } else if (const auto* const challenge = std::get_if<Challenge>(&message)) {
      error = receive(*challenge);
    } else if (const auto* const proof = std::get_if<Proof>(&message)) {
      error = receive(*proof);
    } else if (std::holds_alternative<Welcome>(message) && role_ == Role::caller &&
               state_ == State::proof) {
      become_ready();
      error.reset();
    }
    if (error) return fail(*error);
  }
}

std::optional<LinkError> Link::receive(const Hello& hello) {
  if (state_ != State::hello) return LinkError::unexpected;
  if (hello.version != protocol_version) return LinkError::bad_version;
  if (hello.nonce.size() != nonce_size) return LinkError::bad_frame;
  other_nonce_ = hello.nonce;
  state_ = State::proof;
  write(Challenge{nonce_, make_proof(secret_, Role::answerer, other_nonce_, nonce_)});
  return std::nullopt;
}

std::optional<LinkError> Link::receive(const Challenge& challenge) {
  if (state_ != State::challenge) return LinkError::unexpected;
  if (challenge.nonce.size() != nonce_size) return LinkError::bad_frame;
  const std::string expected = make_proof(secret_, Role::answerer, nonce_, challenge.nonce);
  if (!is_same_proof(challenge.proof, expected)) return LinkError::bad_proof;
  other_nonce_ = challenge.nonce;
  state_ = State::proof;
  write(Proof{make_proof(secret_, Role::caller, nonce_, other_nonce_)});
  return std::nullopt;
}

std::optional<LinkError> Link::receive(const Proof& proof) {
  if (state_ != State::proof || role_ != Role::answerer) return LinkError::unexpected;
  const std::string expected = make_proof(secret_, Role::caller, other_nonce_, nonce_);
  if (!is_same_proof(proof.proof, expected)) return LinkError::bad_proof;
  write(Welcome{});
  become_ready();
  return std::nullopt;
}

void Link::become_ready() {
  state_ = State::ready;
  reader_.set_limit(max_frame);
  if (waiting_.empty()) return;
  sent_ = now_;
  output_.write_owned(std::exchange(waiting_, {}));
}

Result<std::monostate, LinkError> Link::advance(TimePoint now) {
  now_ = now;
  if (error_) return Failure{*error_};
  if (!ready() && now - begin_ >= times_.handshake) return fail(LinkError::late);
  if (now - heard_ >= times_.silence) return fail(LinkError::silent);
  if (ready() && now - sent_ >= times_.ping) write(Ping{});
  return std::monostate{};
}

}  // namespace sioserve::forwarding

// One inner connection, as bytes in and bytes out. Knows no sockets and no clock.
//
//   caller                               answerer
//     Hello(version, nonce)   ------->
//                             <-------   Challenge(nonce, proof)
//     Proof                   ------->
//                             <-------   Welcome
//
// Then messages about streams go both ways. The caller sends nothing of its clients before the
// answerer has proved that it knows the secret, and the answerer reads nothing else before the
// caller has. The link encrypts nothing, and does not protect against changes: that is for TLS
// below it (peer_tls.h). An end that gets TLS but does not use it answers in plaintext, so that the
// other end knows why the connection fails. While nothing is sent, each end sends a Ping; an end
// that hears nothing gives up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/base/clock.h"
#include "server/base/output_sink.h"
#include "server/base/result.h"
#include "server/forwarding/frames.h"
#include "server/forwarding/messages.h"
#include "server/forwarding/proof.h"

namespace sioserve::forwarding {

inline constexpr std::uint32_t protocol_version = 1;

struct LinkTimes {
  Milliseconds ping{5'000};      // without sending, until a Ping
  Milliseconds silence{15'000};  // without hearing anything, until the link is given up
  Milliseconds handshake{5'000};
};

enum class LinkError {
  bad_frame,    // not of this protocol
  unexpected,   // a message that the other end must not send, or not yet
  bad_version,  // another version of sioserve
  bad_proof,    // it does not know the secret
  silent,
  late,     // the handshake took too long
  has_tls,  // it begins with TLS, and this end does not use it
};

// For log lines.
const char* describe(LinkError error);

class Link {
 public:
  // `secret` and `output` outlive the link.
  Link(Role role, const std::string& secret, OutputSink& output, TimePoint now,
       LinkTimes times = {});

  // Waits for the handshake. False: the message is too large, and is not sent.
  bool send(const Message& message);

  void feed(std::string_view bytes, TimePoint now);
  // The next message about a stream, which the other end may send. An error is final.
  Result<std::optional<Message>, LinkError> next();
  // To be called about every second. An error is final.
  Result<std::monostate, LinkError> advance(TimePoint now);

  // The other end has proved that it knows the secret.
  bool ready() const { return state_ == State::ready; }

 private:
  enum class State { hello, challenge, proof, ready };

  Failure<LinkError> fail(LinkError error);
  Failure<LinkError> fail_bad_frame();
  std::optional<LinkError> receive(const Hello& hello);
  std::optional<LinkError> receive(const Challenge& challenge);
  std::optional<LinkError> receive(const Proof& proof);
  void become_ready();
  void write(const Message& message);

  const Role role_;
  const std::string& secret_;
  OutputSink& output_;
  const LinkTimes times_;
  const TimePoint begin_;
  State state_;  // what this end waits for
  std::string nonce_;
  std::string other_nonce_;
  std::string waiting_;  // frames, until the link is ready
  std::string first_;    // the first two bytes that were received
  FrameReader reader_;
  std::optional<LinkError> error_;
  TimePoint now_;
  TimePoint heard_;
  TimePoint sent_;
};

}  // namespace sioserve::forwarding

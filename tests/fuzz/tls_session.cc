// The first bytes of a connection with TLS, and the server's side of a handshake. However the bytes
// are split, the result is the same, and nothing is decrypted without a handshake.
#include <memory>
#include <string>
#include <utility>

#include "server/tls/opening.h"
#include "server/tls/session.h"
#include "tests/fuzz/target.h"
#include "tests/unit/tls/made_certificates.h"

namespace sioserve::fuzz {
namespace {

std::shared_ptr<const tls::ServerContext> make_context() {
  const auto made = tls::Authority().issue({"example.com"});
  auto certificate = tls::parse_certificate(made.certificate, made.key, "");
  tls::Certificates certificates;
  certificates.add(std::make_shared<const tls::Certificate>(std::move(*certificate)));
  return *tls::ServerContext::make({}, std::move(certificates),
                                   std::make_shared<tls::TicketKeys>());
}

std::string outcome_of(const Pieces& pieces) {
  static const auto context = make_context();
  tls::Session session(context);
  std::string plaintext;
  for (const std::string_view piece : pieces) {
    session.receive(piece, TimePoint(std::chrono::hours(1)), plaintext);
  }
  require(plaintext.empty(), "nothing is decrypted without a handshake");
  require(session.state() == tls::Session::State::handshake ||
              session.state() == tls::Session::State::failed,
          "a handshake needs an answer of the client");
  std::string outcome = std::to_string(static_cast<int>(session.state()));
  if (session.state() == tls::Session::State::failed) {
    outcome += ' ' + std::to_string(static_cast<int>(session.error())) + session.error_detail();
  }
  return outcome;
}

void check_opening(std::string_view input) {
  const auto opening = tls::opening_of(input);
  for (std::size_t size = 0; size < input.size(); ++size) {
    const auto early = tls::opening_of(input.substr(0, size));
    require(early == tls::Opening::incomplete || early == opening,
            "more bytes do not change what the first ones are");
  }
}

}  // namespace

void fuzz(std::string_view input) {
  check_opening(input);
  const std::string outcome = outcome_of(whole(input));
  require(outcome_of(byte_by_byte(input)) == outcome, "single bytes give the same result");
  require(outcome_of(in_pieces(input)) == outcome, "parts give the same result");
}

}  // namespace sioserve::fuzz

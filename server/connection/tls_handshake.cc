#include "server/connection/tls_handshake.h"

#include <utility>

#include "server/connection/http1_session.h"
#include "server/connection/http2_session.h"
#include "server/connection/start_response.h"
#include "server/http/http1_response_encoder.h"
#include "server/http/response.h"
#include "server/tls/opening.h"

namespace sioserve::connection {
namespace {

constexpr const char* plain_http_answer =
    "This port is for HTTPS, and the request came without TLS: write https:// in the address.\n";

}  // namespace

TlsHandshake::TlsHandshake(Connection& connection, std::string input)
    : connection_(connection), input_(std::move(input)) {
  deadline_ = deadline_after(context().now(), context().config.tls.handshake_timeout);
}

void TlsHandshake::on_read(std::string_view bytes) {
  if (ended_) return;
  if (session_) return shake_hands(bytes);
  input_ += bytes;
}

// Not within on_read(): the first bytes may have come with a PROXY header.
void TlsHandshake::advance() {
  if (ended_) return;
  if (place_ && !session_) return begin();
  if (!session_ && !input_.empty()) look_at_opening();
}

void TlsHandshake::on_end() {
  client_has_left();
  connection_.close();
}

void TlsHandshake::client_has_left() {
  if (!ended_ && (session_ || !input_.empty())) has_failed("the client has left");
}

void TlsHandshake::on_deadline() {
  context().count(Counter::tls_handshake_timeouts);
  if (is_waiting()) {
    has_failed("too many handshakes were under way (--limit-tls-handshakes)");
  } else if (session_ || !input_.empty()) {
    has_failed("it took too long");
  }
  connection_.close();
}

void TlsHandshake::look_at_opening() {
  if (is_waiting()) return;
  switch (tls::opening_of(input_)) {
    case tls::Opening::incomplete:
      break;
    case tls::Opening::client_hello:
      // The client waits for an answer, so nothing more comes.
      connection_.stream().pause_reading();
      if (context().handshakes.is_full()) context().count(Counter::tls_handshakes_delayed);
      context().handshakes.enter(*this);
      break;
    case tls::Opening::http:
      answer_plain_http();
      break;
    case tls::Opening::unknown:
      has_failed("the client does not speak TLS");
      ended_ = true;
      connection_.close();
      break;
  }
}

void TlsHandshake::on_place(HandshakeQueue::Place place) {
  place_ = std::move(place);
  connection_.touch();
}

void TlsHandshake::begin() {
  session_ = std::make_unique<tls::Session>(context().tls);
  connection_.stream().resume_reading();
  const std::string hello = std::exchange(input_, std::string());
  shake_hands(hello);
}

void TlsHandshake::shake_hands(std::string_view bytes) {
  std::string plaintext;
  session_->receive(bytes, context().now(), plaintext);
  if (session_->has_output()) connection_.stream().write_owned(session_->take_output());
  switch (session_->state()) {
    case tls::Session::State::handshake:
      break;
    case tls::Session::State::open:
    case tls::Session::State::ended:
      succeed(std::move(plaintext));
      break;
    case tls::Session::State::failed:
      fail();
      break;
  }
}

void TlsHandshake::succeed(std::string plaintext) {
  ended_ = true;
  place_.reset();
  context().count(Counter::tls_handshakes);
  const bool is_http2 = session_->protocol() == "h2";
  connection_.encrypt(std::move(session_));
  if (is_http2) {
    connection_.replace_protocol(std::make_unique<Http2Session>(connection_, std::move(plaintext)));
  } else {
    connection_.replace_protocol(std::make_unique<Http1Session>(connection_, std::move(plaintext)));
  }
}

// The alert for the client has been queued.
void TlsHandshake::fail() {
  ended_ = true;
  place_.reset();
  std::string reason(tls::describe(session_->error()));
  if (!session_->error_detail().empty()) reason += " (" + session_->error_detail() + ")";
  has_failed(reason);
  session_.reset();
  connection_.end(ConnectionEnd::linger, connection_.peers());
}

void TlsHandshake::answer_plain_http() {
  ended_ = true;
  has_failed("it is a request without TLS; answered with 400");
  http::Http1ResponseEncoder encoder(connection_.stream(), context().scratch,
                                     http::Http1Version::http_1_1, http::Persistence::close);
  http::Response response(encoder, {});
  start_response(context(), response, plain_head(400), plain_http_answer, BodyPart::last, {});
  connection_.end(ConnectionEnd::linger, connection_.peers());
}

void TlsHandshake::has_failed(std::string_view reason) const {
  context().count(Counter::tls_handshakes_failed);
  context().opening_reports.failed(OpeningFailure::tls, connection_.peers()->client, reason,
                                   context().now());
}

}  // namespace sioserve::connection

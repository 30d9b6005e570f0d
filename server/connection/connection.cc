#include "server/connection/connection.h"

#include <string>
#include <utility>

#include "server/connection/client_protocol.h"
#include "server/connection/lingering_close.h"
#include "server/connection/proxy_session.h"
#include "server/connection/start_response.h"
#include "server/http/http1_response_encoder.h"
#include "server/http/response.h"
#include "server/tls/stream.h"

namespace sioserve::connection {
namespace {

std::unique_ptr<Protocol> first_protocol(Connection& connection) {
  if (connection.context().config.proxy.proxy_protocol) {
    return std::make_unique<ProxySession>(connection);
  }
  return client_protocol(connection);
}

}  // namespace

Connection::Connection(Context& context, ConnectionOwner& owner,
                       std::unique_ptr<net::Stream> stream, SharedEndpoints peers, Service service)
    : Carrier(context, *stream, service),
      owner_(owner),
      owned_stream_(std::move(stream)),
      peers_(std::move(peers)),
      protocol_(first_protocol(*this)) {
  this->stream().start(*this);
}

void Connection::admit() {
  dispatch([this](Protocol&) {
    if (admit_address() == Admission::turned_away) return;
    if (context_.load.connections_full()) owner_.make_room();
    ticket_ = context_.load.admit_connection(context_.now());
    if (!ticket_) refuse_over_limit(503);
  });
}

Admission Connection::set_peers(SharedEndpoints peers) {
  peers_ = std::move(peers);
  return admit_address();
}

void Connection::encrypt(std::unique_ptr<tls::Session> session) {
  Endpoints peers = *peers_;
  peers.tls = true;
  peers.tls_details = std::make_shared<const TlsDetails>(session->details());
  peers_ = std::make_shared<const Endpoints>(std::move(peers));
  owned_stream_ = std::make_unique<tls::Stream>(context_.tls_streams, std::move(owned_stream_),
                                                std::move(session));
  change_stream(*owned_stream_);
  stream().start(*this);
}

Admission Connection::admit_address() {
  auto ticket = context_.load.admit_address(*peers_, context_.now());
  if (!ticket) {
    refuse_over_limit(429);
    return Admission::turned_away;
  }
  address_ticket_ = std::move(*ticket);
  return Admission::admitted;
}

void Connection::refuse_over_limit(std::uint16_t status) {
  ticket_ = context_.load.refuse_over_limit();
  address_ticket_.reset();
  // Before a handshake there is no way to say it.
  const bool has_no_tls_yet = service() == Service::https && !peers_->tls_details;
  if (!ticket_ || has_no_tls_yet) return close();
  http::Http1ResponseEncoder encoder(stream(), context_.scratch, http::Http1Version::http_1_1,
                                     http::Persistence::close);
  http::Response response(encoder, {});
  start_response(context_, response, busy_head(status), plain_body(status), BodyPart::last, {});
  if (access_.on()) {
    access_.request_ends(std::make_shared<const RequestHead>(), peers_, response,
                         access_.take_progress());
  }
  end(ConnectionEnd::linger, peers_);
}

template <typename Event>
void Connection::dispatch(Event event) {
  if (closed_) return;
  net::DeferredQueue::cancel(*this);  // advance() runs now
  dispatching_ = true;
  event(*protocol_);
  if (!closed_) protocol_->advance();
  while (next_protocol_ && !closed_) {
    protocol_ = std::move(next_protocol_);
    protocol_->advance();
  }
  dispatching_ = false;
}

void Connection::begin_stop() {
  dispatch([](Protocol& protocol) { protocol.begin_stop(); });
}

void Connection::close_now() {
  dispatch([this](Protocol& protocol) {
    protocol.on_broken();
    close();
  });
}

void Connection::sweep(TimePoint now) {
  if (closed_) return;
  if (stream().broken_unnoticed()) return on_broken();
  if (protocol_->deadline() > now) return;
  dispatch([](Protocol& protocol) { protocol.on_deadline(); });
}

void Connection::set_idle() {
  if (!std::exchange(idle_, true)) owner_.on_connection_idle(*this);
}

void Connection::set_busy() {
  if (std::exchange(idle_, false)) owner_.on_connection_busy(*this);
}

void Connection::touch() {
  if (!dispatching_ && !closed_) context_.deferred_queue.schedule(*this);
}

void Connection::replace_protocol(std::unique_ptr<Protocol> next) {
  next_protocol_ = std::move(next);
}

void Connection::end(ConnectionEnd how, const SharedEndpoints& endpoints) {
  switch (how) {
    case ConnectionEnd::linger:
      replace_protocol(std::make_unique<LingeringClose>(*this, endpoints));
      break;
    case ConnectionEnd::close:
      close();
      break;
  }
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  stream().close();
  set_busy();
  ticket_.reset();
  address_ticket_.reset();
  access_.on_closed();
  owner_.on_connection_closed(*this);
}

void Connection::on_read(std::string_view bytes) {
  dispatch([bytes](Protocol& protocol) { protocol.on_read(bytes); });
}

void Connection::on_end() {
  peer_ended_ = true;
  dispatch([](Protocol& protocol) { protocol.on_end(); });
}

void Connection::on_drain() {
  access_.on_drain();
  dispatch([](Protocol& protocol) { protocol.on_drain(); });
}

void Connection::report_file_failure(const OpenFile& file, std::string_view reason) const {
  context_.logger.log(LogCategory::server, LogLevel::error,
                      "A response with the file " + file.path + " was cut: " + std::string(reason));
}

void Connection::on_broken() {
  access_.on_broken();
  close_now();
}

void Connection::on_turn_end() {
  dispatch([](Protocol&) {});
}

}  // namespace sioserve::connection

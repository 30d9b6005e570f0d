#include "server/connection/preface_session.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "server/connection/http1_session.h"
#include "server/connection/http2_session.h"
#include "server/http2/values.h"

namespace sioserve::connection {

PrefaceSession::PrefaceSession(Connection& connection, std::string input)
    : connection_(connection),
      input_(std::move(input)),
      deadline_(deadline_after(connection.context().now(),
                               connection.context().config.http.first_byte_timeout)) {}

void PrefaceSession::begin_stop() { connection_.end(ConnectionEnd::linger, connection_.peers()); }

void PrefaceSession::on_deadline() {
  connection_.context().count(Counter::first_byte_timeouts);
  connection_.end(ConnectionEnd::linger, connection_.peers());
}

void PrefaceSession::advance() {
  const std::string_view preface = http2::client_preface;
  const std::size_t size = std::min(input_.size(), preface.size());
  const bool differs = input_.compare(0, size, preface, 0, size) != 0;
  if (differs || (connection_.peer_ended() && size < preface.size())) {
    connection_.replace_protocol(std::make_unique<Http1Session>(connection_, std::move(input_)));
  } else if (size == preface.size()) {
    connection_.replace_protocol(std::make_unique<Http2Session>(connection_, std::move(input_)));
  }
}

}  // namespace sioserve::connection

#include "server/connection/lingering_close.h"

#include <optional>
#include <utility>

namespace sioserve::connection {
namespace {

constexpr std::size_t max_dropped = 4'194'304;

}  // namespace

LingeringClose::LingeringClose(Connection& connection, SharedEndpoints endpoints)
    : connection_(connection), endpoints_(std::move(endpoints)) {
  connection_.stream().finish();
  connection_.stream().resume_reading();
  set_deadline();
}

void LingeringClose::on_read(std::string_view bytes) {
  dropped_ += bytes.size();
  if (dropped_ > max_dropped) connection_.close();
}

void LingeringClose::on_drain() { set_deadline(); }

void LingeringClose::on_deadline() {
  if (connection_.stream().buffered() > 0) {
    connection_.context().refusal_reports.refused(endpoints_->client, RequestHead{}, std::nullopt,
                                                  "the client takes nothing of it",
                                                  connection_.context().now());
  }
  connection_.close();
}

void LingeringClose::advance() {
  if (connection_.peer_ended() && connection_.stream().buffered() == 0) connection_.close();
}

void LingeringClose::set_deadline() {
  const Context& context = connection_.context();
  const Timeouts& timeouts = context.timeouts;
  if (connection_.stream().buffered() > 0) {
    deadline_ = deadline_after(context.now(), context.config.http.send_timeout);
    return;
  }
  switch (context.phase) {
    case Phase::serving:
      deadline_ = context.now() + timeouts.linger;
      break;
    case Phase::stopping:
      deadline_ = context.now() + timeouts.linger_at_stop;
      break;
  }
}

}  // namespace sioserve::connection

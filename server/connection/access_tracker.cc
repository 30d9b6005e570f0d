#include "server/connection/access_tracker.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sioserve::connection {

using std::chrono::duration_cast;
using std::chrono::microseconds;

void AccessTracker::request_ends(RequestHead head, const SharedEndpoints& endpoints,
                                 const http::Response& response, AccessEvent event) {
  if (log_ == nullptr) return;
  if (pending_) flush();
  pending_.emplace();
  pending_->event = event;
  pending_->head = std::move(head);
  pending_->endpoints = endpoints;
  fill_in(*pending_, response);
  pending_begin_ = begin_.value_or(log_->now());
  begin_.reset();
  if (pending_->complete && stream_.buffered() == 0 && !broken_) flush();
}

void AccessTracker::refused(RequestHead head, const SharedEndpoints& endpoints,
                            const http::Response& response) {
  if (log_ == nullptr) return;
  if (pending_ && pending_->status == client_closed_request) {
    fill_in(*pending_, response);
  } else {
    request_ends(std::move(head), endpoints, response);
  }
}

void AccessTracker::fill_in(AccessRecord& record, const http::Response& response) const {
  record.status = response.started() ? response.status() : client_closed_request;
  record.response_bytes = response.body_bytes();
  record.complete = response.complete();
  if (log_->wants_response_headers()) record.response_headers = response.headers();
}

void AccessTracker::websocket_connecting(const RequestHead& head,
                                         const SharedEndpoints& endpoints) {
  write(AccessEvent::websocket_connecting, head, endpoints, 0, 0);
}

void AccessTracker::websocket_connect(const RequestHead& head, const SharedEndpoints& endpoints) {
  write(AccessEvent::websocket_connect, head, endpoints, 101, 0);
}

void AccessTracker::websocket_reject(RequestHead head, const SharedEndpoints& endpoints,
                                     const http::Response& response) {
  if (log_ == nullptr) return;
  request_ends(std::move(head), endpoints, response, AccessEvent::websocket_reject);
}

void AccessTracker::websocket_disconnect(RequestHead head, const SharedEndpoints& endpoints,
                                         std::uint16_t code) {
  write(AccessEvent::websocket_disconnect, std::move(head), endpoints, 0, code);
}

void AccessTracker::write(AccessEvent event, RequestHead head, const SharedEndpoints& endpoints,
                          std::uint16_t status, std::uint16_t close_code) {
  if (log_ == nullptr) return;
  if (pending_) flush();
  const TimePoint now = log_->now();
  AccessRecord record;
  record.event = event;
  record.head = std::move(head);
  record.endpoints = endpoints;
  record.status = status;
  record.close_code = close_code;
  record.duration = duration_cast<microseconds>(now - begin_.value_or(now));
  log_->write(std::move(record));
}

void AccessTracker::on_closed() {
  if (!pending_) return;
  pending_->complete = false;
  pending_->response_bytes -= std::min<std::uint64_t>(pending_->response_bytes, stream_.buffered());
  flush();
}

void AccessTracker::flush() {
  pending_->duration = duration_cast<microseconds>(log_->now() - pending_begin_);
  log_->write(std::move(*pending_));
  pending_.reset();
}

}  // namespace sioserve::connection

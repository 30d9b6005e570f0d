#include "server/connection/access_tracker.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sioserve::connection {

using std::chrono::duration_cast;
using std::chrono::microseconds;

TimePoint AccessTracker::take_begin() {
  if (log_ == nullptr) return {};
  const TimePoint begin = begin_.value_or(log_->now());
  begin_.reset();
  return begin;
}

void AccessTracker::request_ends(const SharedRequestHead& head, const SharedEndpoints& endpoints,
                                 const http::Response& response, TimePoint begin) {
  add(AccessEvent::http, head, endpoints, response, begin);
}

void AccessTracker::websocket_connecting(const SharedRequestHead& head,
                                         const SharedEndpoints& endpoints) {
  write(AccessEvent::websocket_connecting, head, endpoints, 0, 0);
}

void AccessTracker::websocket_connect(const SharedRequestHead& head,
                                      const SharedEndpoints& endpoints) {
  write(AccessEvent::websocket_connect, head, endpoints, 101, 0);
}

void AccessTracker::websocket_reject(const SharedRequestHead& head,
                                     const SharedEndpoints& endpoints,
                                     const http::Response& response) {
  add(AccessEvent::websocket_reject, head, endpoints, response, take_begin());
}

void AccessTracker::websocket_disconnect(const SharedRequestHead& head,
                                         const SharedEndpoints& endpoints, std::uint16_t code) {
  write(AccessEvent::websocket_disconnect, head, endpoints, 0, code);
}

void AccessTracker::add(AccessEvent event, const SharedRequestHead& head,
                        const SharedEndpoints& endpoints, const http::Response& response,
                        TimePoint begin) {
  if (log_ == nullptr) return;
  if (pending_) flush();
  pending_.emplace();
  pending_->event = event;
  pending_->head = head;
  pending_->endpoints = endpoints;
  pending_->status = response.started() ? response.status() : client_closed_request;
  pending_->response_bytes = response.body_bytes();
  pending_->thread_wait = response.thread_wait();
  pending_->complete = response.complete();
  if (log_->wants_response_headers()) pending_->response_headers = response.headers();
  pending_begin_ = begin;
  if (pending_->complete && stream_->buffered() == 0 && !broken_) flush();
}

void AccessTracker::write(AccessEvent event, const SharedRequestHead& head,
                          const SharedEndpoints& endpoints, std::uint16_t status,
                          std::uint16_t close_code) {
  if (log_ == nullptr) return;
  if (pending_) flush();
  const TimePoint now = log_->now();
  AccessRecord record;
  record.event = event;
  record.head = head;
  record.endpoints = endpoints;
  record.status = status;
  record.close_code = close_code;
  record.duration = duration_cast<microseconds>(now - begin_.value_or(now));
  log_->write(std::move(record));
}

void AccessTracker::on_closed() {
  if (!pending_) return;
  pending_->complete = false;
  pending_->response_bytes -=
      std::min<std::uint64_t>(pending_->response_bytes, stream_->buffered());
  flush();
}

void AccessTracker::flush() {
  pending_->duration = duration_cast<microseconds>(log_->now() - pending_begin_);
  log_->write(std::move(*pending_));
  pending_.reset();
}

}  // namespace sioserve::connection

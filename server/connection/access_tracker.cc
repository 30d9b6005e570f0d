#include "server/connection/access_tracker.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace sioserve::connection {

using std::chrono::duration_cast;
using std::chrono::microseconds;

namespace {

// For a thread of the application.
constexpr microseconds longest_wait = std::chrono::hours(24);

// A time that the application has told: sums of others would overflow.
microseconds possible(microseconds told, microseconds most) {
  return std::clamp(told, microseconds(0), most);
}

}  // namespace

RequestProgress AccessTracker::take_progress() {
  if (log_ == nullptr) return {};
  RequestProgress progress;
  progress.routed = begin_ && came_at_once_ ? *begin_ : log_->now();
  progress.begin = begin_.value_or(progress.routed);
  begin_.reset();
  return progress;
}

void AccessTracker::request_ends(const SharedRequestHead& head, const SharedEndpoints& endpoints,
                                 const http::Response& response, const RequestProgress& progress) {
  add(AccessEvent::http, head, endpoints, response, progress);
}

void AccessTracker::websocket_connecting(const SharedRequestHead& head,
                                         const SharedEndpoints& endpoints) {
  write(AccessEvent::websocket_connecting, head, endpoints, 0, 0);
}

void AccessTracker::websocket_connect(const SharedRequestHead& head,
                                      const SharedEndpoints& endpoints) {
  accepted_ = true;
  const std::uint16_t status = head->http_version == "2" ? 200 : 101;
  write(AccessEvent::websocket_connect, head, endpoints, status, 0);
}

void AccessTracker::websocket_reject(const SharedRequestHead& head,
                                     const SharedEndpoints& endpoints,
                                     const http::Response& response) {
  RequestProgress progress = take_progress();
  progress.served_by = served_by_;
  add(AccessEvent::websocket_reject, head, endpoints, response, progress);
}

void AccessTracker::websocket_disconnect(const SharedRequestHead& head,
                                         const SharedEndpoints& endpoints, std::uint16_t code) {
  write(AccessEvent::websocket_disconnect, head, endpoints, 0, code);
}

void AccessTracker::add(AccessEvent event, const SharedRequestHead& head,
                        const SharedEndpoints& endpoints, const http::Response& response,
                        const RequestProgress& progress) {
  if (log_ == nullptr) return;
  if (pending_) flush();
  pending_ = std::make_unique<AccessRecord>();
  pending_->event = event;
  pending_->head = head;
  pending_->endpoints = endpoints;
  pending_->status = response.started() ? response.status() : client_closed_request;
  pending_->response_bytes = response.body_bytes();
  pending_->thread_wait = possible(response.thread_wait(), longest_wait);
  pending_->complete = response.complete();
  if (log_->wants_response_headers()) pending_->response_headers = response.headers();
  pending_->served_by = progress.served_by;
  pending_begin_ = progress.begin;
  if (response.called_at() > microseconds(0)) add_stages(response, progress);
  if (pending_->complete && stream_->buffered() == 0 && !broken_) flush();
}

void AccessTracker::add_stages(const http::Response& response, const RequestProgress& progress) {
  pending_->route = response.route();
  pending_end_ = log_->now();
  const auto now = duration_cast<microseconds>(pending_end_.time_since_epoch());
  const TimePoint called{possible(response.called_at(), now)};
  AccessStages& stages = pending_->stages.emplace();
  stages.wait = duration_cast<microseconds>(called - progress.routed) + pending_->thread_wait;
  stages.run = duration_cast<microseconds>(pending_end_ - called) - pending_->thread_wait;
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
  record.served_by = served_by_;
  record.was_accepted = accepted_;
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
  const TimePoint now = log_->now();
  pending_->duration = duration_cast<microseconds>(now - pending_begin_);
  if (pending_->stages) pending_->stages->send = duration_cast<microseconds>(now - pending_end_);
  log_->write(std::move(*pending_));
  pending_.reset();
}

}  // namespace sioserve::connection

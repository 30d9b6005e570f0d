#include "server/application/request_stream.h"

#include <optional>
#include <utility>

namespace sioserve::application {

using connection::BodyPart;

RequestStream::RequestStream(StreamId id, connection::Exchange& exchange, RequestStreams& streams,
                             EventSink& events, const Config& config)
    : id_(id),
      exchange_(exchange),
      streams_(streams),
      events_(events),
      receive_window_(config.receive_window),
      send_credit_(SendWindow(config.send_window)),
      application_timeout_(config.http.application_timeout) {
  streams_.insert(id_, *this);
}

RequestStream::~RequestStream() { streams_.erase(id_); }

void RequestStream::on_request(std::string_view body, BodyPart part) {
  body_ended_ = part == BodyPart::last;
  exchange_.respond_within(application_timeout_);
  events_.push(HttpRequest{id_, exchange_.share_head(), exchange_.endpoints(), std::string(body),
                           !body_ended_});
  if (body_ended_) return;
  receive_window_.arrived(body.size());
  // A client that expects "100 Continue" gets it at the application's first receive().
  if (!find_header(exchange_.head().headers, "expect")) exchange_.want_body();
  apply_receive_window();
}

void RequestStream::on_body(std::string_view body, BodyPart part) {
  if (engine_) return engine_->on_body(body, part);
  body_ended_ = part == BodyPart::last;
  events_.push(HttpBody{id_, std::string(body), !body_ended_});
  receive_window_.arrived(body.size());
  apply_receive_window();
}

void RequestStream::on_drain() {
  if (engine_) return engine_->on_drain();
  give_credit();
}

connection::ClientEnd RequestStream::on_client_end() {
  return engine_ ? engine_->on_client_end() : connection::ClientEnd::answer;
}

void RequestStream::on_abandoned() {
  if (engine_) return engine_->on_abandoned();
  abandoned_ = true;
  if (!response_ended_) events_.push(HttpAbandoned{id_});
}

void RequestStream::on_timeout() {
  if (engine_) return engine_->on_timeout();
  if (!std::exchange(response_ended_, true)) events_.push(HttpTimedOut{id_});
}

void RequestStream::on_closed() {
  if (engine_) return engine_->on_closed();
  if (!response_ended_) events_.push(HttpDisconnect{id_});
}

void RequestStream::respond(HttpRespond&& command) {
  if (engine_ || response_ended_) return;
  if (command.head.has_value() == response_started_) return refuse_command();
  response_started_ = true;
  const BodyPart part = command.more_body ? BodyPart::more : BodyPart::last;
  response_ended_ = !command.more_body;
  send_credit_.sent(command.body.size());
  if (command.head) {
    exchange_.respond(std::move(*command.head), std::move(command.body), part);
  } else {
    exchange_.send_body(std::move(command.body), part);
  }
  // Bytes that are not sent (the body of a response to HEAD) never cause a drain event.
  if (!response_ended_) give_credit();
}

void RequestStream::respond_file(HttpRespondFile&& command) {
  if (engine_ || response_ended_) return;
  if (std::exchange(response_started_, true)) return refuse_command();
  response_ended_ = !command.more_body;
  // No credit is needed: the application has no more to send.
  exchange_.respond(std::move(command.head), {}, BodyPart::more);
  exchange_.send_file(std::move(command.file), command.more_body ? BodyPart::more : BodyPart::last);
}

void RequestStream::trailers(const HttpTrailers& command) {
  if (engine_ || response_ended_) return;
  if (!response_started_) return refuse_command();
  response_ended_ = true;
  exchange_.send_trailers(command.trailers);
}

void RequestStream::early_hints(const HttpEarlyHints& command) {
  if (!engine_ && !response_ended_) exchange_.send_early_hints(command.links);
}

void RequestStream::body_consumed(std::size_t bytes) {
  if (engine_ || body_ended_) return;
  exchange_.want_body();
  receive_window_.taken(bytes);
  apply_receive_window();
}

void RequestStream::fail() {
  if (engine_ || response_ended_) return;
  response_ended_ = true;
  // After http.disconnect the application need not respond.
  abandoned_ ? exchange_.abort() : exchange_.fail();
}

// Otherwise nothing would end the response, not even the end of the process.
void RequestStream::refuse_command() { exchange_.fail(); }

void RequestStream::process_lost() { end_with(502); }

void RequestStream::no_process() { end_with(503); }

void RequestStream::end_with(std::uint16_t status) {
  if (engine_ || response_ended_) return;
  response_ended_ = true;
  exchange_.fail_with(status);
}

void RequestStream::hand_over(EngineHandover& engine) {
  if (engine_ || response_ended_) return;
  if (response_started_) return refuse_command();
  exchange_.resume_body();  // from now on, nobody takes events of it
  engine_ = engine.adopt(exchange_, id_);
  exchange_.respond_within(Milliseconds(0));
  engine_->on_request({}, body_ended_ ? BodyPart::last : BodyPart::more);
}

void RequestStream::queue_drained() {
  if (!engine_) apply_receive_window();
}

void RequestStream::give_credit() {
  if (const auto bytes = send_credit_.credit(exchange_.buffered())) {
    events_.push(HttpSendCredit{id_, *bytes});
  }
}

void RequestStream::apply_receive_window() {
  if (body_ended_) return;
  receive_window_.set_queue_full(events_.full(id_));
  switch (receive_window_.update()) {
    case ReceiveWindow::Change::none:
      break;
    case ReceiveWindow::Change::pause:
      exchange_.pause_body();
      break;
    case ReceiveWindow::Change::resume:
      exchange_.resume_body();
      break;
  }
}

}  // namespace sioserve::application

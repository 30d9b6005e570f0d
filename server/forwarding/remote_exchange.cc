#include "server/forwarding/remote_exchange.h"

#include <utility>
#include <variant>

namespace sioserve::forwarding {

RemoteExchange::RemoteExchange(Answerer& answerer, Sessions& sessions, OpenRequest message)
    : answerer_(answerer),
      sessions_(sessions),
      stream_(message.stream),
      head_(std::make_shared<const RequestHead>(std::move(message.head))),
      endpoints_(std::make_shared<const Endpoints>(std::move(message.endpoints))),
      first_body_(std::move(message.body)),
      first_part_(message.part),
      handler_(sessions.handler_of_forwarded(*this)) {}

void RemoteExchange::begin() { handler_->on_request(std::exchange(first_body_, {}), first_part_); }

void RemoteExchange::receive(Message message) {
  if (auto* const body = std::get_if<RequestBody>(&message)) {
    handler_->on_body(body->bytes, body->part);
  } else if (std::holds_alternative<ReleasePoll>(message)) {
    sessions_.release_poll(*head_);
  } else if (std::holds_alternative<ClientGone>(message)) {
    end();
  }
}

void RemoteExchange::end() { handler_->on_closed(); }

void RemoteExchange::respond(ResponseHead&& head, std::string&& body, BodyPart part) {
  answerer_.send(Respond{stream_, std::move(head), std::move(body), part});
  if (part == BodyPart::last) answerer_.finish(stream_);
}

void RemoteExchange::send_body(std::string body, BodyPart part) {
  answerer_.send(ResponseBody{stream_, std::move(body), part});
  if (part == BodyPart::last) answerer_.finish(stream_);
}

void RemoteExchange::abort() {
  answerer_.send(Abort{stream_});
  answerer_.finish(stream_);
}

void RemoteExchange::want_body() { answerer_.send(WantBody{stream_}); }

void RemoteExchange::pause_body() { answerer_.send(ChangeReading{stream_, Reading::paused}); }

void RemoteExchange::resume_body() { answerer_.send(ChangeReading{stream_, Reading::resumed}); }

}  // namespace sioserve::forwarding

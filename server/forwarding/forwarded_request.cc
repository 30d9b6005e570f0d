#include "server/forwarding/forwarded_request.h"

#include <utility>
#include <variant>

namespace sioserve::forwarding {

ForwardedRequest::ForwardedRequest(connection::Exchange& exchange, Caller& caller,
                                   const Refuse& refuse)
    : exchange_(exchange), caller_(&caller), refuse_(refuse), stream_(caller.add(*this)) {}

ForwardedRequest::~ForwardedRequest() { detach(); }

void ForwardedRequest::on_request(std::string_view body, BodyPart part) {
  if (caller_->is_lost()) {
    detach();
    return lost();
  }
  caller_->send(
      OpenRequest{stream_, exchange_.head(), *exchange_.endpoints(), std::string(body), part});
}

void ForwardedRequest::on_body(std::string_view body, BodyPart part) {
  if (caller_) caller_->send(RequestBody{stream_, std::string(body), part});
}

void ForwardedRequest::on_closed() {
  if (caller_) caller_->send(ClientGone{stream_});
  detach();
}

void ForwardedRequest::receive(Message message) {
  std::visit([this](auto& one) { handle(one); }, message);
}

void ForwardedRequest::handle(Respond& respond) {
  if (std::exchange(responded_, true)) return;
  if (respond.part == BodyPart::last) detach();
  exchange_.respond(std::move(respond.head), std::move(respond.body), respond.part);
}

void ForwardedRequest::handle(ResponseBody& body) {
  if (body.part == BodyPart::last) detach();
  exchange_.send_body(std::move(body.bytes), body.part);
}

void ForwardedRequest::handle(const ChangeReading& change) {
  switch (change.reading) {
    case Reading::paused:
      return exchange_.pause_body();
    case Reading::resumed:
      return exchange_.resume_body();
  }
}

void ForwardedRequest::handle(const Abort&) {
  detach();
  exchange_.abort();
}

void ForwardedRequest::lost() {
  caller_ = nullptr;
  if (std::exchange(responded_, true)) return exchange_.abort();
  Refusal refusal = refuse_(exchange_.head());
  exchange_.respond(std::move(refusal.head), std::move(refusal.body), BodyPart::last);
}

void ForwardedRequest::release() { caller_->send(ReleasePoll{stream_}); }

void ForwardedRequest::detach() {
  if (caller_) std::exchange(caller_, nullptr)->remove(stream_);
}

}  // namespace sioserve::forwarding

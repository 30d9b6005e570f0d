// A polling request of a client whose session lives on another server.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "server/base/http_values.h"
#include "server/connection/stream_handlers.h"
#include "server/forwarding/caller.h"

namespace sioserve::forwarding {

// The answer to a request whose session is not known.
struct Refusal {
  ResponseHead head;
  std::string body;
};
using Refuse = std::function<Refusal(const RequestHead&)>;

class ForwardedRequest final : public connection::RequestHandler, CallerStream {
 public:
  // `refuse` outlives this object, which outlives the caller's streams: it is told if that ends.
  ForwardedRequest(connection::Exchange& exchange, Caller& caller, const Refuse& refuse);
  ~ForwardedRequest() override;

  void on_request(std::string_view body, connection::BodyPart part) override;
  void on_body(std::string_view body, connection::BodyPart part) override;
  void on_drain() override {}
  ServedBy served_by() const override { return ServedBy::engine_io; }
  connection::ClientEnd on_client_end() override { return connection::ClientEnd::drop; }
  void on_closed() override;

 private:
  void receive(Message message) override;
  void lost() override;
  void release() override;

  void handle(Respond& respond);
  void handle(ResponseBody& body);
  void handle(const WantBody&) { exchange_.want_body(); }
  void handle(const ChangeReading& change);
  void handle(const Abort&);
  template <typename Other>
  void handle(const Other&) {}
  void detach();

  connection::Exchange& exchange_;
  Caller* caller_;  // null: it has answered completely, or is lost
  const Refuse& refuse_;
  StreamNumber stream_{};
  bool responded_ = false;
};

}  // namespace sioserve::forwarding

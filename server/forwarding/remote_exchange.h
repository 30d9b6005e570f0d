// A request that another server forwards, as the handlers of this one see it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "server/connection/stream_handlers.h"
#include "server/forwarding/answerer.h"

namespace sioserve::forwarding {

class RemoteExchange final : public AnswererStream, connection::Exchange {
 public:
  // `answerer` and `sessions` outlive this object.
  RemoteExchange(Answerer& answerer, Sessions& sessions, OpenRequest message);

  // The first call: gives the request to its handler.
  void begin();
  void receive(Message message) override;
  void end() override;

 private:
  const RequestHead& head() const override { return *head_; }
  SharedRequestHead share_head() const override { return head_; }
  const SharedEndpoints& endpoints() const override { return endpoints_; }
  void respond(ResponseHead&& head, std::string&& body, BodyPart part) override;
  void send_body(std::string body, BodyPart part) override;
  void fail_with(std::uint16_t) override { abort(); }
  void abort() override;
  std::size_t buffered() const override { return answerer_.buffered(); }
  void want_body() override;
  void pause_body() override;
  void resume_body() override;
  // Engine.IO uses none of these.
  void send_file(FilePart, BodyPart) override { abort(); }
  void send_trailers(const Headers&) override { abort(); }
  void send_early_hints(const std::vector<std::string>&) override {}
  void respond_within(Milliseconds) override {}

  Answerer& answerer_;
  Sessions& sessions_;
  const StreamNumber stream_;
  const SharedRequestHead head_;
  const SharedEndpoints endpoints_;
  std::string first_body_;
  const BodyPart first_part_;
  std::unique_ptr<connection::RequestHandler> handler_;
};

}  // namespace sioserve::forwarding

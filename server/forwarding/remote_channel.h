// A WebSocket that another server forwards, as the handlers of this one see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/connection/stream_handlers.h"
#include "server/forwarding/answerer.h"

namespace sioserve::forwarding {

class RemoteChannel final : public AnswererStream, connection::WebSocketChannel {
 public:
  // `answerer` and `sessions` outlive this object.
  RemoteChannel(Answerer& answerer, Sessions& sessions, OpenWebSocket message);

  // The first call: gives the upgrade request to its handler.
  void begin();
  void receive(Message message) override;
  void end() override;

 private:
  const RequestHead& head() const override { return *head_; }
  SharedRequestHead share_head() const override { return head_; }
  const SharedEndpoints& endpoints() const override { return endpoints_; }
  const std::vector<std::string>& subprotocols() const override { return subprotocols_; }
  // The other server uses settings of its own, which are to be the same.
  void accept(std::string_view subprotocol, const Headers& headers,
              const WebSocketConfig& settings) override;
  void deny(ResponseHead head, std::string body, BodyPart part) override;
  void send_denial_body(std::string body, BodyPart part) override;
  void send(MessageKind kind, std::string payload) override;
  void send(MessageKind kind, const SharedBytes& payload, Compression compression) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void abort() override;
  std::size_t buffered() const override { return static_cast<std::size_t>(sent_ - taken_); }
  void pause_reading() override;
  void resume_reading() override;

  void handle(const Opened&) { handler_->on_open(); }
  void handle(ClientMessage& message);
  void handle(const Taken& taken);
  void handle(const ClientEnding&) { handler_->on_peer_ended(); }
  void handle(const ClientFault& fault);
  void handle(const ClientGone& gone) { handler_->on_closed(gone.code, gone.reason); }
  template <typename Other>
  void handle(const Other&) {}

  Answerer& answerer_;
  const StreamNumber stream_;
  const SharedRequestHead head_;
  const SharedEndpoints endpoints_;
  const std::vector<std::string> subprotocols_;
  std::unique_ptr<connection::WebSocketHandler> handler_;
  std::uint64_t sent_ = 0;   // bytes of messages
  std::uint64_t taken_ = 0;  // of them, by the client's kernel
};

}  // namespace sioserve::forwarding

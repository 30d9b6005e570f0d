// A WebSocket of a client whose session lives on another server: the upgrade of a polling session.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/config.h"
#include "server/connection/stream_handlers.h"
#include "server/forwarding/caller.h"
#include "server/forwarding/forwarded_request.h"

namespace sioserve::forwarding {

class ForwardedWebSocket final : public connection::WebSocketHandler, CallerStream {
 public:
  // The arguments outlive this object, except `caller`, which tells it when it ends.
  ForwardedWebSocket(connection::WebSocketChannel& channel, Caller& caller, const Refuse& refuse,
                     const WebSocketConfig& settings);
  ~ForwardedWebSocket() override;

  void on_upgrade_request() override;
  void on_open() override;
  void on_message(MessageKind kind, std::string payload) override;
  void on_drain() override;
  void on_peer_ended() override;
  connection::FaultNotice on_peer_fault(std::uint16_t code, std::string_view reason) override;
  void on_closed(std::uint16_t code, std::string_view reason) override;
  ServedBy served_by() const override { return ServedBy::engine_io; }

 private:
  enum class State { asked, accepted, denied };

  void receive(Message message) override;
  void lost() override;

  void handle(const AcceptWebSocket& accept);
  void handle(Respond& respond);
  void handle(ResponseBody& body);
  void handle(ServerMessage& message);
  void handle(const ChangeReading& change);
  void handle(const CloseWebSocket& close);
  void handle(const Abort&);
  template <typename Other>
  void handle(const Other&) {}
  void send(Message message);

  connection::WebSocketChannel& channel_;
  Caller* caller_;  // null: it is lost
  const Refuse& refuse_;
  const WebSocketConfig& settings_;
  StreamNumber stream_{};
  State state_ = State::asked;
  std::uint64_t received_ = 0;  // bytes of messages for the client
  std::uint64_t taken_ = 0;     // of them, reported to the other server
};

}  // namespace sioserve::forwarding

// A WebSocket on one connection, starting with the upgrade request (RFC 6455), or on one stream of
// an HTTP/2 connection (RFC 8441).
//
// States: deciding (the handler has neither accepted nor denied); denied (an ordinary HTTP response
// is being sent, the last one of the connection); open (until the closing handshake is complete,
// see ws::MessageReader); ended (the handler has been destroyed).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/connection/carrier.h"
#include "server/connection/protocol.h"
#include "server/connection/start_response.h"
#include "server/connection/stream_handlers.h"
#include "server/connection/websocket_opening.h"
#include "server/http/response.h"
#include "server/ws/deflate.h"
#include "server/ws/handshake.h"
#include "server/ws/keepalive.h"
#include "server/ws/message_reader.h"

namespace sioserve::connection {

class WebSocketSession final : public Protocol, public WebSocketChannel {
 public:
  // `input`: the bytes after the upgrade request. The carrier outlives the session.
  WebSocketSession(Carrier& carrier, std::unique_ptr<WebSocketOpening> opening,
                   SharedRequestHead head, SharedEndpoints endpoints, ws::Handshake handshake,
                   std::string_view input);

  // Protocol
  void on_read(std::string_view bytes) override;
  void on_end() override {}
  void on_drain() override;
  void on_broken() override;
  void begin_stop() override;
  void on_deadline() override;
  void advance() override;
  TimePoint deadline() const override;

  // WebSocketChannel
  const RequestHead& head() const override { return *head_; }
  SharedRequestHead share_head() const override { return head_; }
  const SharedEndpoints& endpoints() const override { return endpoints_; }
  const std::vector<std::string>& subprotocols() const override {
    return opening_->handshake.subprotocols;
  }
  void accept(std::string_view subprotocol, const Headers& headers,
              const WebSocketConfig& settings) override;
  void deny(ResponseHead head, std::string body, BodyPart part) override;
  void send_denial_body(std::string body, BodyPart part) override;
  void send(MessageKind kind, std::string payload) override;
  void send(MessageKind kind, const SharedBytes& payload, Compression compression) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void abort() override;
  std::size_t buffered() const override { return carrier_.stream().buffered(); }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override;

 private:
  enum class State { deciding, denied, open, ended };
  // After a fault of the peer: the handler may still answer; nothing more is sent.
  enum class AfterFault { answers, nothing };

  void open(const WebSocketConfig& settings);
  void on_open_deadline();
  void advance_open();
  void take_fault();
  void deliver();
  void deliver_inbox();
  void read_buffered();
  void read(std::string_view bytes);
  std::unique_ptr<WebSocketHandler> route();
  void write_control_frames();
  bool deflates(std::size_t size) const;
  void send_deflated(MessageKind kind, std::string_view payload);
  void use_compression();
  void release_compression();
  void give_up();
  void report_not_accepted();
  std::string name() const;
  void end(std::uint16_t code, std::string_view reason, ConnectionEnd how);
  void control_reading();
  void check_peer_alive();
  bool may_send() const;
  Context& context() const { return carrier_.context(); }

  // What only the decision and a denial need.
  struct Opening {
    Opening(std::unique_ptr<WebSocketOpening> opening, ws::Handshake checked,
            std::string_view method);

    const std::unique_ptr<WebSocketOpening> answer;
    ws::Handshake handshake;
    http::Response denial;
  };

  Carrier& carrier_;
  const SharedRequestHead head_;
  const SharedEndpoints endpoints_;
  std::unique_ptr<Opening> opening_;  // null once accepted
  State state_ = State::deciding;
  Count::Ticket load_;                         // null: not routed yet, or refused
  std::unique_ptr<WebSocketHandler> handler_;  // null: before routing or after the end
  const WebSocketConfig* settings_ = nullptr;  // set by accept(), like the members below
  std::optional<ws::MessageReader> reader_;
  std::unique_ptr<ws::Deflater> deflater_;  // null: messages are sent uncompressed
  std::optional<ws::Keepalive> keepalive_;
  TimePoint lifetime_end_ = TimePoint::max();
  TimePoint compression_used_;
  TimePoint release_due_ = TimePoint::max();  // for compression's memory, while there is any
  std::string kept_;                          // input that may not be processed yet
  std::vector<ws::Message> inbox_;            // messages that may not be delivered yet
  std::size_t delivered_ = 0;                 // of inbox_
  TimePoint deadline_ = TimePoint::max();     // for the decision, the denial or the close
  bool routed_ = false;
  bool opened_ = false;  // on_open() has been called
  bool paused_ = false;
  bool peer_is_gone_ = false;  // noticed while the stream is not read
  bool end_told_ = false;
  TimePoint look_due_ = TimePoint::max();  // next check of the peer, while the stream is not read
  bool aborted_ = false;
  std::optional<AfterFault> after_fault_;  // set by on_peer_fault() or the handler's close()
  std::string fault_notice_;               // the close frame for a fault, after pongs
};

}  // namespace sioserve::connection

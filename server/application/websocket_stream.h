// Connects one WebSocket with the ASGI application.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/application/engine_handover.h"
#include "server/application/receive_window.h"
#include "server/application/send_credit.h"
#include "server/base/config.h"
#include "server/base/id_map.h"
#include "server/connection/stream_handlers.h"
#include "server/port/event_sink.h"
#include "server/port/ids.h"
#include "server/port/messages.h"

namespace sioserve::application {

class WebSocketStream;
// The streams that exist, which add and remove themselves: a command has the number of its stream.
using WebSocketStreams = IdMap<StreamId, WebSocketStream>;

// Lives on the I/O thread, owned by the connection. Turns callbacks into events and commands into
// calls on the channel. After a handover to Engine.IO it only forwards callbacks.
class WebSocketStream final : public connection::WebSocketHandler {
 public:
  WebSocketStream(StreamId id, connection::WebSocketChannel& channel, WebSocketStreams& streams,
                  EventSink& events, const Config& config);
  ~WebSocketStream() override;

  void on_upgrade_request() override;
  void on_open() override;
  void on_message(MessageKind kind, std::string payload) override;
  void on_drain() override;
  void on_peer_ended() override;
  void on_message_too_big() override;
  connection::FaultNotice on_peer_fault(std::uint16_t code, std::string_view reason) override;
  ServedBy served_by() const override {
    return engine_ ? engine_->served_by() : ServedBy::application;
  }
  void on_closed(std::uint16_t code, std::string_view reason) override;

  void accept(WebSocketAccept&& command);
  void send(WebSocketSend&& command);
  void close(WebSocketClose&& command);
  void deny(WebSocketDeny&& command);
  void fail();
  // The process that served it has died: 1012, or 502 before it was accepted.
  void process_lost();
  // No process is ready to serve it: 503.
  void no_process();
  void consumed(std::size_t bytes);
  void hand_over(EngineHandover& engine);
  void queue_drained();

 private:
  // Deciding: neither accepted nor denied. Denied: an HTTP response is being sent. Closing: our
  // close frame is being sent.
  enum class State { deciding, denied, open, closing };

  void close_with(std::uint16_t code, std::string_view reason);
  void apply_receive_window();
  void deny_with(std::uint16_t status, std::string_view text);

  StreamId id_;
  connection::WebSocketChannel& channel_;
  WebSocketStreams& streams_;
  EventSink& events_;
  const Config& config_;
  ReceiveWindow receive_window_;
  SendCreditCounter send_credit_;
  std::unique_ptr<connection::WebSocketHandler> engine_;
  State state_ = State::deciding;
};

}  // namespace sioserve::application

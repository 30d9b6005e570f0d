// Connects one HTTP request with the ASGI application.
#pragma once

#include <cstdint>
#include <memory>
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

class RequestStream;
// The streams that exist, which add and remove themselves: a command has the number of its stream.
using RequestStreams = IdMap<StreamId, RequestStream>;

// Lives on the I/O thread, owned by the connection. Turns callbacks into events and commands into
// calls on the exchange. After a handover to Engine.IO it only forwards callbacks.
class RequestStream final : public connection::RequestHandler {
 public:
  RequestStream(StreamId id, connection::Exchange& exchange, RequestStreams& streams,
                EventSink& events, const Config& config);
  ~RequestStream() override;

  void on_request(std::string_view body, connection::BodyPart part) override;
  void on_body(std::string_view body, connection::BodyPart part) override;
  void on_drain() override;
  connection::ClientEnd on_client_end() override;
  void on_abandoned() override;
  void on_timeout() override;
  ServedBy served_by() const override {
    return engine_ ? engine_->served_by() : ServedBy::application;
  }
  void on_closed() override;

  void respond(HttpRespond&& command);
  void respond_file(HttpRespondFile&& command);
  void trailers(const HttpTrailers& command);
  void early_hints(const HttpEarlyHints& command);
  void body_consumed(std::size_t bytes);
  void fail();
  // The process that served it has died: 502, or the response is cut.
  void process_lost();
  // No process is ready to serve it: 503.
  void no_process();
  void hand_over(EngineHandover& engine);
  void queue_drained();

 private:
  void end_with(std::uint16_t status);
  // A command that the bridge does not post at this point. HttpDisconnect follows.
  void refuse_command();
  void give_credit();
  void apply_receive_window();

  StreamId id_;
  connection::Exchange& exchange_;
  RequestStreams& streams_;
  EventSink& events_;
  ReceiveWindow receive_window_;
  SendCreditCounter send_credit_;
  const Milliseconds application_timeout_;
  std::unique_ptr<connection::RequestHandler> engine_;
  bool body_ended_ = false;
  bool response_started_ = false;
  bool response_ended_ = false;
  bool abandoned_ = false;
};

}  // namespace sioserve::application

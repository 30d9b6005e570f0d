// One WebSocket for the ASGI application (ASGI WebSocket specification 2.4).
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "asgi-bridge/asgi_stream.h"
#include "server/port/messages.h"

namespace sioserve::bridge {

class WebSocketStream final : public AsgiStream {
 public:
  WebSocketStream(Bridge& bridge, StreamId id) : AsgiStream(bridge, id) {}

  void on_message(const Gil& gil, WebSocketMessage event);
  void on_fault(const Gil& gil, WebSocketFault event);
  void on_disconnect(const Gil& gil, WebSocketDisconnect event);

  bool send(const Gil& gil, PyObject* message) override;
  void on_task_done(const Gil& gil, PyObject* error) override;

 private:
  PyRef next_message(const Gil& gil) override;
  PyRef make_receive(const Gil& gil, WebSocketMessage event);
  bool send_accept(const Gil& gil, PyObject* message);
  bool send_message(const Gil& gil, PyObject* message);
  bool send_close(const Gil& gil, PyObject* message);
  bool send_denial_start(const Gil& gil, PyObject* message);
  bool send_denial_body(const Gil& gil, PyObject* message);
  bool out_of_order(PyObject* type) const;

  enum class State { connecting, denial_head_given, denying, open, ended, handed_over };

  State state_ = State::connecting;
  bool connect_delivered_ = false;
  std::deque<WebSocketMessage> messages_;
  std::uint16_t close_code_ = 1006;
  std::string close_reason_;
  bool fault_ = false;  // the client broke the protocol: disconnect after all received messages
  ResponseHead denial_head_;
};

}  // namespace sioserve::bridge

#include "asgi-bridge/websocket_stream.h"

#include <optional>
#include <utility>

#include "asgi-bridge/bridge.h"
#include "asgi-bridge/message.h"

namespace sioserve::bridge {

void WebSocketStream::on_message(const Gil& gil, WebSocketMessage event) {
  messages_.push_back(std::move(event));
  // With several messages, the task continues once.
  while (auto next = bridge().take_next_message_of(id())) messages_.push_back(std::move(*next));
  wake_at_once(gil);
}

void WebSocketStream::on_fault(const Gil& gil, WebSocketFault event) {
  close_code_ = event.code;
  close_reason_ = std::move(event.reason);
  fault_ = true;
  wake(gil, Wait::message);
}

void WebSocketStream::on_disconnect(const Gil& gil, WebSocketDisconnect event) {
  close_code_ = event.code;
  close_reason_ = std::move(event.reason);
  close(gil);
}

PyRef WebSocketStream::next_message(const Gil& gil) {
  const Names& names = bridge().names();
  if (!connect_delivered_) {
    connect_delivered_ = true;
    return PyRef::steal(Py_BuildValue("{OO}", names.type.get(), names.websocket_connect.get()));
  }
  if (!messages_.empty()) {
    WebSocketMessage event = std::move(messages_.front());
    messages_.pop_front();
    return make_receive(gil, std::move(event));
  }
  if (!closed()) {
    if (!fault_) return PyRef();
    // The application has now received all messages from before the fault.
    bridge().post(WebSocketClose{id(), close_code_, ""});
    close(gil);
  }
  const PyRef reason = to_py_str(gil, close_reason_);
  if (!reason) return PyRef();
  return PyRef::steal(Py_BuildValue("{OOOiOO}", names.type.get(), names.websocket_disconnect.get(),
                                    names.code.get(), static_cast<int>(close_code_),
                                    names.reason.get(), reason.get()));
}

PyRef WebSocketStream::make_receive(const Gil& gil, WebSocketMessage event) {
  const Names& names = bridge().names();
  bridge().post(WebSocketConsumed{id(), event.payload.size() + websocket_message_overhead});
  const bool is_text = event.kind == MessageKind::text;
  const PyRef payload = is_text ? to_py_str(gil, event.payload) : to_py_bytes(gil, event.payload);
  if (!payload) return PyRef();
  return PyRef::steal(Py_BuildValue("{OOOO}", names.type.get(), names.websocket_receive.get(),
                                    (is_text ? names.text : names.bytes).get(), payload.get()));
}

bool WebSocketStream::send(const Gil& gil, PyObject* message) {
  const Names& names = bridge().names();
  PyObject* type = message_type(message, names.type);
  if (type == nullptr) return false;
  if (closed()) {
    PyErr_SetString(PyExc_OSError, "the WebSocket is closed");
    return false;
  }
  if (is_type(type, "websocket.send")) {
    return state_ == State::open ? send_message(gil, message) : out_of_order(type);
  }
  if (is_type(type, "websocket.accept")) {
    return state_ == State::connecting ? send_accept(gil, message) : out_of_order(type);
  }
  if (is_type(type, "websocket.close")) {
    const bool possible = state_ == State::open || state_ == State::connecting;
    return possible ? send_close(gil, message) : out_of_order(type);
  }
  if (is_type(type, "websocket.http.response.start")) {
    return state_ == State::connecting ? send_denial_start(gil, message) : out_of_order(type);
  }
  if (is_type(type, "websocket.http.response.body")) {
    const bool possible = state_ == State::denial_head_given || state_ == State::denying;
    return possible ? send_denial_body(gil, message) : out_of_order(type);
  }
  if (is_type(type, "sioserve.engineio.accept")) {
    if (state_ != State::connecting) return out_of_order(type);
    state_ = State::handed_over;
    bridge().socket_io().keep_scope(gil, id(), find_item(message, names.scope));
    bridge().post(WebSocketHandOver{id()});
    return true;
  }
  PyErr_Format(PyExc_RuntimeError, "unexpected ASGI message %R on a WebSocket", type);
  return false;
}

bool WebSocketStream::out_of_order(PyObject* type) const {
  PyErr_Format(PyExc_RuntimeError, "unexpected ASGI message %R in this state of the WebSocket",
               type);
  return false;
}

bool WebSocketStream::send_accept(const Gil& gil, PyObject* message) {
  auto subprotocol = read_str(gil, message, bridge().names().subprotocol);
  if (!subprotocol) return false;
  auto headers = read_headers(gil, message, bridge().names().headers);
  if (!headers) return false;
  state_ = State::open;
  bridge().post(WebSocketAccept{id(), std::move(*subprotocol), std::move(*headers)});
  return true;
}

bool WebSocketStream::send_message(const Gil& gil, PyObject* message) {
  const Names& names = bridge().names();
  PyObject* bytes = find_item(message, names.bytes);
  const bool is_binary = bytes != nullptr && bytes != Py_None;
  auto payload =
      is_binary ? read_bytes(gil, message, names.bytes) : read_str(gil, message, names.text);
  if (!payload) return false;
  PyObject* text = find_item(message, names.text);
  if (!is_binary && (text == nullptr || text == Py_None)) {
    PyErr_SetString(PyExc_ValueError, "websocket.send needs 'text' or 'bytes'");
    return false;
  }
  add_in_flight(payload->size());
  bridge().post(WebSocketSend{id(), is_binary ? MessageKind::binary : MessageKind::text,
                              std::move(*payload)});
  return true;
}

bool WebSocketStream::send_close(const Gil& gil, PyObject* message) {
  const auto code = read_int(gil, message, bridge().names().code, 1000);
  if (!code) return false;
  // The close codes that RFC 6455 section 7.4 allows in a close frame.
  const bool valid =
      (*code >= 1000 && *code <= 1014 && *code != 1004 && *code != 1005 && *code != 1006) ||
      (*code >= 3000 && *code <= 4999);
  if (!valid) {
    PyErr_Format(PyExc_ValueError, "%ld is not a WebSocket close code", *code);
    return false;
  }
  auto reason = read_str(gil, message, bridge().names().reason);
  if (!reason) return false;
  state_ = State::ended;
  bridge().post(WebSocketClose{id(), static_cast<std::uint16_t>(*code), std::move(*reason)});
  return true;
}

bool WebSocketStream::send_denial_start(const Gil& gil, PyObject* message) {
  const auto status = read_int(gil, message, bridge().names().status, -1);
  if (!status) return false;
  if (*status < 200 || *status > 599) {
    PyErr_Format(PyExc_ValueError, "a denial response needs a status from 200 to 599, not %ld",
                 *status);
    return false;
  }
  auto headers = read_headers(gil, message, bridge().names().headers);
  if (!headers) return false;
  denial_head_ = ResponseHead{static_cast<std::uint16_t>(*status), std::move(*headers)};
  state_ = State::denial_head_given;
  return true;
}

bool WebSocketStream::send_denial_body(const Gil& gil, PyObject* message) {
  const auto more_body = read_bool(gil, message, bridge().names().more_body);
  if (!more_body) return false;
  auto body = read_bytes(gil, message, bridge().names().body);
  if (!body) return false;
  const bool starts = state_ == State::denial_head_given;
  state_ = *more_body ? State::denying : State::ended;
  add_in_flight(body->size());
  bridge().post(WebSocketDeny{id(), starts ? std::optional(std::move(denial_head_)) : std::nullopt,
                              std::move(*body), *more_body});
  return true;
}

void WebSocketStream::on_task_done(const Gil& gil, PyObject* error) {
  if (error != nullptr && !(closed() && PyErr_GivenExceptionMatches(error, PyExc_OSError))) {
    log_application_error(gil, error);
  }
  if (!closed()) {
    switch (state_) {
      case State::connecting:
      case State::denial_head_given:
      case State::denying:
        if (error == nullptr) {
          bridge().loggers().error(gil,
                                   "ASGI application returned without answering the handshake");
        }
        bridge().post(WebSocketFail{id()});
        break;
      case State::open:
        if (error != nullptr) {
          bridge().post(WebSocketFail{id()});
        } else {
          bridge().post(WebSocketClose{id(), 1000, ""});
        }
        break;
      case State::ended:
      case State::handed_over:
        break;
    }
  }
  close(gil);
}

}  // namespace sioserve::bridge

#include "asgi-bridge/socketio_callbacks.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "asgi-bridge/bridge.h"
#include "asgi-bridge/cluster_topics.h"
#include "asgi-bridge/handshake_scope.h"
#include "asgi-bridge/received_value.h"
#include "asgi-bridge/session_status.h"

namespace sioserve::bridge {
namespace {

const char* name_of(AckLoss why) {
  switch (why) {
    case AckLoss::not_sent:
      return "not sent";
    case AckLoss::forgotten:
      return "forgotten";
    case AckLoss::unread:
      return "unread";
  }
  __builtin_unreachable();
}

const char* name_of(MoveReason why) {
  switch (why) {
    case MoveReason::reload:
      return "reload";
    case MoveReason::recycling:
      return "recycling";
    case MoveReason::crash:
      return "crash";
  }
  __builtin_unreachable();
}

PyRef to_py_list(const Gil& gil, const std::vector<std::uint64_t>& numbers) {
  PyRef list = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(numbers.size())));
  if (!list) return PyRef();
  Py_ssize_t index = 0;
  for (const std::uint64_t number : numbers) {
    PyRef made = to_py_int(gil, number);
    if (!made) return PyRef();
    PyList_SET_ITEM(list.get(), index++, made.release());
  }
  return list;
}

PyRef to_py_list(const Gil& gil, const std::vector<std::string>& texts) {
  PyRef list = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(texts.size())));
  if (!list) return PyRef();
  Py_ssize_t index = 0;
  for (const std::string& text : texts) {
    PyRef made = to_py_str(gil, text);
    if (!made) return PyRef();
    PyList_SET_ITEM(list.get(), index++, made.release());
  }
  return list;
}

}  // namespace

void SocketIoCallbacks::handle(const Gil& gil, HandshakeEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void SocketIoCallbacks::handle(const Gil& gil, SocketIoEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void SocketIoCallbacks::handle(const Gil& gil, ClusterEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void SocketIoCallbacks::handle(const Gil& gil, ProcessEvent& event) {
  std::visit([&](auto& alternative) { handle(gil, std::move(alternative)); }, event);
}

void SocketIoCallbacks::handle(const Gil& gil, HandshakeAsked event) {
  const auto& names = bridge_.names();
  const PyRef& method = event.topic == HandshakeTopic::origin ? names.origin : names.handshake;
  const auto handed_over = handed_over_scopes_.find(event.stream);
  dispatch(gil, method,
           {to_py_int(gil, static_cast<std::uint64_t>(event.stream)),
            handed_over != handed_over_scopes_.end() ? handed_over->second
                                                     : scope_of(gil, event.head, event.endpoints)});
}

void SocketIoCallbacks::handle(const Gil& gil, RequestRefused event) {
  dispatch(gil, bridge_.names().request_refused,
           {scope_of(gil, event.head, event.endpoints),
            event.code ? to_py_int(gil, *event.code) : none(), to_py_str(gil, event.message),
            to_py_int(gil, event.omitted)});
}

void SocketIoCallbacks::handle(const Gil& gil, SessionOpened event) {
  dispatch(gil, bridge_.names().session_opened,
           {to_py_int(gil, static_cast<std::uint64_t>(event.session)),
            make_handshake_scope(gil, bridge_.types().handshake_scope, bridge_.owner(),
                                 std::move(event.head), std::move(event.endpoints))});
}

void SocketIoCallbacks::handle(const Gil& gil, SessionClosed event) {
  // The dispatcher does not know a handed-over session that never connected to a namespace.
  if (handed_over_scopes_.erase(event.session) == 0) {
    dispatch(gil, bridge_.names().session_closed,
             {to_py_int(gil, static_cast<std::uint64_t>(event.session)),
              to_py_status(gil, event.status)});
  }
  bridge_.post(SessionReleased{event.session});
}

void SocketIoCallbacks::handle(const Gil& gil, SessionSignalled event) {
  const char* const signal = event.signal == SessionSignal::upgrade ? "upgrade" : "drain";
  dispatch(gil, bridge_.names().signalled,
           {to_py_int(gil, static_cast<std::uint64_t>(event.session)), to_py_str(gil, signal)});
}

void SocketIoCallbacks::handle(const Gil& gil, SocketConnect event) {
  announce_session(gil, event.session);
  dispatch(gil, bridge_.names().connect,
           {to_py_int(gil, static_cast<std::uint64_t>(event.socket)),
            to_py_int(gil, static_cast<std::uint64_t>(event.session)), to_py_str(gil, event.id),
            to_py_str(gil, event.name_space), to_python(gil, event.auth, keys_),
            event.recovered ? to_py_int(gil, static_cast<std::uint64_t>(*event.recovered)) : none(),
            event.state ? to_py_str(gil, *event.state) : none()});
}

void SocketIoCallbacks::handle(const Gil& gil, SocketEvent event) {
  const PyRef socket = to_py_int(gil, static_cast<std::uint64_t>(event.socket));
  PyRef args = to_python(gil, event.args, keys_);
  PyRef ack_id = event.ack_id ? to_py_int(gil, *event.ack_id) : none();
  auto next = bridge_.take_next_event_of(event.socket);
  if (!next) {
    dispatch(gil, bridge_.names().event, {socket, std::move(args), std::move(ack_id)});
    return;
  }
  // Those that have come together are handled together, in one task.
  PyRef events = PyRef::steal(PyList_New(0));
  for (;;) {
    const PyRef pair =
        args && ack_id ? PyRef::steal(PyTuple_Pack(2, args.get(), ack_id.get())) : PyRef();
    // An event that can't be passed on must not stop those after it.
    if (!pair || !events || PyList_Append(events.get(), pair.get()) != 0) {
      dispatch(gil, bridge_.names().event, {socket, PyRef()});
    }
    if (!next) break;
    args = to_python(gil, next->args, keys_);
    ack_id = next->ack_id ? to_py_int(gil, *next->ack_id) : none();
    next = bridge_.take_next_event_of(event.socket);
  }
  dispatch(gil, bridge_.names().events, {socket, std::move(events)});
}

void SocketIoCallbacks::handle(const Gil& gil, SocketAcknowledged event) {
  dispatch(gil, bridge_.names().acknowledged,
           {to_py_int(gil, static_cast<std::uint64_t>(event.socket)),
            to_py_int(gil, event.callback_id), to_python(gil, event.args, keys_)});
}

void SocketIoCallbacks::handle(const Gil& gil, SocketDisconnect event) {
  dispatch(gil, bridge_.names().disconnect,
           {to_py_int(gil, static_cast<std::uint64_t>(event.socket)), to_py_str(gil, event.reason),
            to_py_str(gil, event.reference_reason),
            PyRef::steal(PyBool_FromLong(event.may_return ? 1 : 0))});
  // Without a dispatcher, no other code releases the socket.
  if (bridge_.application().dispatcher.get() == Py_None) bridge_.post(SocketReleased{event.socket});
}

void SocketIoCallbacks::handle(const Gil& gil, SocketAcksLost event) {
  dispatch(gil, bridge_.names().acks_lost,
           {to_py_int(gil, static_cast<std::uint64_t>(event.socket)),
            to_py_list(gil, event.callback_ids), to_py_str(gil, name_of(event.why))});
}

void SocketIoCallbacks::handle(const Gil& gil, SocketForgotten event) {
  dispatch(gil, bridge_.names().forgotten,
           {to_py_int(gil, static_cast<std::uint64_t>(event.socket))});
}

void SocketIoCallbacks::handle(const Gil& gil, AskedByServer event) {
  if (event.args.payload.empty()) event.args.payload = "[]";
  const char* const topic = cluster_topics[static_cast<std::size_t>(event.topic)];
  dispatch(gil, bridge_.names().asked_by_server,
           {to_py_int(gil, event.number), to_py_str(gil, topic), to_py_str(gil, event.name_space),
            to_py_list(gil, event.rooms), to_py_list(gil, event.except_rooms),
            to_python(gil, event.args, keys_)});
}

void SocketIoCallbacks::handle(const Gil& gil, ServersAnswered event) {
  dispatch(
      gil, bridge_.names().servers_answered,
      {to_py_int(gil, event.number), to_python(gil, event.args, keys_),
       to_py_int(gil, event.servers), to_py_int(gil, event.silent_servers),
       to_py_int(gil, event.silent_clients), PyRef::steal(PyBool_FromLong(event.refused ? 1 : 0))});
}

void SocketIoCallbacks::handle(const Gil& gil, ToldByProcess event) {
  dispatch(gil, bridge_.names().told, {to_py_int(gil, event.from), to_py_str(gil, event.payload)});
}

void SocketIoCallbacks::handle(const Gil& gil, ProcessLeft event) {
  dispatch(gil, bridge_.names().process_left, {to_py_int(gil, event.process)});
}

void SocketIoCallbacks::handle(const Gil&, ProcessPing event) {
  bridge_.post(ProcessPong{event.number});
}

void SocketIoCallbacks::handle(const Gil& gil, SessionMoveAsked event) {
  dispatch(gil, bridge_.names().move_session,
           {to_py_int(gil, static_cast<std::uint64_t>(event.session)),
            to_py_str(gil, name_of(event.why))});
}

void SocketIoCallbacks::handle(const Gil& gil, SocketStateAsked event) {
  dispatch(gil, bridge_.names().keep_away,
           {to_py_int(gil, static_cast<std::uint64_t>(event.socket))});
}

void SocketIoCallbacks::handle(const Gil& gil, SessionMoved event) {
  PyRef sockets = PyRef::steal(PyList_New(0));
  for (const MovedSocket& moved : event.sockets) {
    const PyRef number = to_py_int(gil, static_cast<std::uint64_t>(moved.socket));
    const PyRef state = to_py_str(gil, moved.state);
    if (!sockets || !number || !state) break;
    const PyRef item = PyRef::steal(PyTuple_Pack(2, number.get(), state.get()));
    if (!item || PyList_Append(sockets.get(), item.get()) != 0) break;
  }
  dispatch(gil, bridge_.names().session_moved,
           {to_py_int(gil, static_cast<std::uint64_t>(event.session)),
            to_py_str(gil, name_of(event.why)), to_py_str(gil, event.state), std::move(sockets)});
}

PyRef SocketIoCallbacks::scope_of(const Gil& gil, const RequestHead& head,
                                  const Endpoints& endpoints) {
  const bool is_websocket = find_query_parameter(head.query_string, "transport") == "websocket";
  const PyRef request_id = to_py_str(gil, head.request_id);
  return is_websocket ? bridge_.scopes().websocket(gil, head, endpoints, {}, request_id)
                      : bridge_.scopes().http(gil, head, endpoints, request_id);
}

void SocketIoCallbacks::announce_session(const Gil& gil, SessionId session) {
  const auto found = handed_over_scopes_.find(session);
  if (found == handed_over_scopes_.end()) return;
  PyRef scope = std::move(found->second);
  handed_over_scopes_.erase(found);
  dispatch(gil, bridge_.names().session_opened,
           {to_py_int(gil, static_cast<std::uint64_t>(session)), std::move(scope)});
}

void SocketIoCallbacks::dispatch(const Gil& gil, const PyRef& method,
                                 std::initializer_list<PyRef> arguments) {
  PyObject* call[8] = {bridge_.application().dispatcher.get()};
  std::size_t count = 1;
  bool made = true;
  for (const PyRef& argument : arguments) {
    made = made && argument;
    call[count++] = argument.get();
  }
  if (made && bridge_.application().dispatcher.get() != Py_None) {
    PyRef::steal(PyObject_VectorcallMethod(method.get(), call, count, nullptr));
  }
  if (PyErr_Occurred()) {
    const PyRef error = take_exception(gil);
    bridge_.loggers().exception(gil, "Exception in the Socket.IO dispatcher", error.get());
  }
}

void SocketIoCallbacks::keep_scope(const Gil&, StreamId stream, PyObject* scope) {
  handed_over_scopes_[stream] = scope == nullptr ? none() : PyRef::borrow(scope);
}

void SocketIoCallbacks::drop_scope(const Gil&, StreamId stream) {
  handed_over_scopes_.erase(stream);
}

void SocketIoCallbacks::release_all(const Gil&) {
  // Moved to a local first: releasing these objects may run Python code.
  const auto scopes = std::exchange(handed_over_scopes_, {});
}

void SocketIoCallbacks::traverse(Visitor& visit) const {
  for (const auto& [id, scope] : handed_over_scopes_) visit(scope);
}

}  // namespace sioserve::bridge

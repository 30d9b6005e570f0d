#include "asgi-bridge/socketio_methods.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asgi-bridge/arguments.h"
#include "asgi-bridge/core.h"
#include "asgi-bridge/json.h"
#include "asgi-bridge/relays.h"
#include "asgi-bridge/server_object.h"

namespace sioserve::bridge {
namespace {

PyObject* post(PyObject* self, Command command) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.post(std::move(command));
  return none().release();
}

// For commands that an application may post in any number: see Bridge::post_paced().
PyObject* post_paced(PyObject* self, Command command) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.post_paced(Gil::held_by_caller(), std::move(command));
  return none().release();
}

PyObject* server_add_namespace(PyObject* self, PyObject* argument) {
  AddNamespace command;
  if (!read_text(argument, command.name)) return nullptr;
  return post(self, std::move(command));
}

PyObject* server_serve_dynamic_namespaces(PyObject* self, PyObject*) {
  return post(self, ServeDynamicNamespaces{});
}

PyObject* server_ask_about_handshakes(PyObject* self, PyObject*) {
  return post(self, EnableAllowRequest{});
}

PyObject* server_ask_about_origins(PyObject* self, PyObject*) {
  return post(self, EnableAllowOrigin{});
}

PyObject* server_watch_refusals(PyObject* self, PyObject*) { return post(self, WatchRefusals{}); }

// `pairs`: an iterable of (name, value), or null.
bool read_headers(PyObject* pairs, Headers& headers) {
  if (pairs == nullptr) return true;
  const PyRef iterator = PyRef::steal(PyObject_GetIter(pairs));
  if (!iterator) return false;
  while (const PyRef pair = PyRef::steal(PyIter_Next(iterator.get()))) {
    std::vector<std::string> texts;
    if (!read_strings(pair.get(), texts)) return false;
    if (texts.size() != 2) {
      PyErr_SetString(PyExc_ValueError, "each of the headers needs a name and a value");
      return false;
    }
    headers.push_back({std::move(texts[0]), std::move(texts[1])});
  }
  return PyErr_Occurred() == nullptr;
}

PyObject* server_decide_handshake(PyObject* self, PyObject* args) {
  PyObject *handshake, *headers = nullptr, *session_headers = nullptr;
  const char* refusal = nullptr;
  if (!PyArg_ParseTuple(args, "O|zOO:decide_handshake", &handshake, &refusal, &headers,
                        &session_headers)) {
    return nullptr;
  }
  HandshakeDecision decision{};
  if (!read_id(handshake, "handshake", decision.stream) ||
      !read_headers(headers, decision.headers) ||
      !read_headers(session_headers, decision.session_headers)) {
    return nullptr;
  }
  if (refusal != nullptr) decision.refusal = refusal;
  return post(self, std::move(decision));
}

PyObject* server_make_relays(PyObject* self, PyObject* rules) {
  const Gil gil = Gil::held_by_caller();
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  auto relays = read_relays(rules);
  if (!relays) return nullptr;
  const RelaysId id = core->bridge.next_relays_id(gil);
  core->bridge.post(DefineRelays{id, std::move(*relays)});
  return to_py_int(gil, static_cast<std::uint64_t>(id)).release();
}

PyObject* server_accept_socket(PyObject* self, PyObject* args) {
  PyObject *socket, *relays = Py_None;
  if (!PyArg_ParseTuple(args, "O|O:accept_socket", &socket, &relays)) return nullptr;
  SocketAccept command{};
  if (!read_id(socket, "socket", command.socket)) return nullptr;
  if (relays != Py_None && !read_id(relays, "relays", command.relays.emplace())) return nullptr;
  return post(self, std::move(command));
}

PyObject* server_refuse_socket(PyObject* self, PyObject* args) {
  PyObject *socket, *message, *data = Py_None;
  if (!PyArg_ParseTuple(args, "OU|O:refuse_socket", &socket, &message, &data)) return nullptr;
  Core* core = core_of(self);
  SocketRefuse command{};
  if (core == nullptr || !read_id(socket, "socket", command.socket)) return nullptr;
  const PyRef payload =
      PyRef::steal(data == Py_None ? Py_BuildValue("{sO}", "message", message)
                                   : Py_BuildValue("{sOsO}", "message", message, "data", data));
  if (!payload) return nullptr;
  auto json = encode_json(Gil::held_by_caller(), payload.get(), core->bridge.json_default());
  if (!json) return nullptr;
  command.payload = std::move(*json);
  return post(self, std::move(command));
}

PyObject* server_emit(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  Core* core = core_of(self);
  SocketEmit command{};
  bool droppable = false, compress = true;
  if (core == nullptr || !has_count("emit", count, 2, 5) ||
      !read_id(args[0], "socket", command.socket) ||
      !read_number(count > 2 ? args[2] : Py_None, "callback_id", command.callback_id) ||
      !read_truth(args, count, 3, droppable) || !read_truth(args, count, 4, compress)) {
    return nullptr;
  }
  auto encoded = encode_args(Gil::held_by_caller(), args[1], core->bridge.json_default());
  if (!encoded) return nullptr;
  command.args = std::move(*encoded);
  if (droppable) command.delivery = Delivery::droppable;
  if (!compress) command.compression = Compression::declined;
  return post_paced(self, std::move(command));
}

PyObject* server_broadcast(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  Core* core = core_of(self);
  SocketBroadcast command;
  bool droppable = false, compress = true, local = false;
  if (core == nullptr || !has_count("broadcast", count, 2, 7) ||
      !read_text(args[0], command.name_space) ||
      !read_strings(count > 2 ? args[2] : nullptr, command.rooms) ||
      !read_strings(count > 3 ? args[3] : nullptr, command.except_rooms) ||
      !read_truth(args, count, 4, droppable) || !read_truth(args, count, 5, compress) ||
      !read_truth(args, count, 6, local)) {
    return nullptr;
  }
  auto encoded = encode_args(Gil::held_by_caller(), args[1], core->bridge.json_default());
  if (!encoded) return nullptr;
  command.args = std::move(*encoded);
  if (droppable) command.delivery = Delivery::droppable;
  if (!compress) command.compression = Compression::declined;
  if (local) command.scope = BroadcastScope::this_server;
  return post_paced(self, std::move(command));
}

PyObject* server_ack(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  Core* core = core_of(self);
  SocketAck command{};
  if (core == nullptr || !has_count("ack", count, 3) ||
      !read_id(args[0], "socket", command.socket) ||
      !read_number(args[1], "ack_id", command.ack_id)) {
    return nullptr;
  }
  auto encoded = encode_args(Gil::held_by_caller(), args[2], core->bridge.json_default());
  if (!encoded) return nullptr;
  command.args = std::move(*encoded);
  return post(self, std::move(command));
}

PyObject* server_start_task(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  Core* core = core_of(self);
  if (core == nullptr || !has_count("start_task", count, 2)) return nullptr;
  if (!PyUnicode_Check(args[1])) {
    PyErr_SetString(PyExc_TypeError, "name must be a str");
    return nullptr;
  }
  return core->bridge.tasks()
      .start(Gil::held_by_caller(), PyRef::borrow(args[0]), PyRef::borrow(args[1]))
      .release();
}

PyObject* server_events_done(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  SocketEventsDone command{};
  if (!has_count("events_done", count, 2) || !read_id(args[0], "socket", command.socket) ||
      !read_number(args[1], "count", command.count)) {
    return nullptr;
  }
  return post(self, command);
}

// Commands with a socket and a room.
template <typename Command>
PyObject* post_room_command(PyObject* self, PyObject* args) {
  PyObject *socket, *room;
  if (!PyArg_ParseTuple(args, "OU", &socket, &room)) return nullptr;
  Command command{};
  if (!read_id(socket, "socket", command.socket) || !read_text(room, command.room)) return nullptr;
  return post_paced(self, std::move(command));
}

PyObject* server_leave_all(PyObject* self, PyObject* argument) {
  SocketLeaveAll command{};
  return read_id(argument, "socket", command.socket) ? post_paced(self, command) : nullptr;
}

PyObject* server_close_socket(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* const keywords[] = {"socket", "close_session", nullptr};
  PyObject* socket;
  int close_session = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|p:close_socket", const_cast<char**>(keywords),
                                   &socket, &close_session)) {
    return nullptr;
  }
  SocketClose command{};
  if (!read_id(socket, "socket", command.socket)) return nullptr;
  command.close_session = close_session != 0;
  return post_paced(self, command);
}

PyObject* server_watch(PyObject* self, PyObject* args) {
  PyObject* socket;
  const char* signal;
  if (!PyArg_ParseTuple(args, "Os:watch", &socket, &signal)) return nullptr;
  SocketWatch command{};
  if (!read_id(socket, "socket", command.socket)) return nullptr;
  const std::string_view name = signal;
  if (name != "upgrade" && name != "drain") {
    PyErr_Format(PyExc_ValueError, "there is no signal '%s'", signal);
    return nullptr;
  }
  command.signal = name == "upgrade" ? SessionSignal::upgrade : SessionSignal::drain;
  return post(self, command);
}

PyObject* server_release_socket(PyObject* self, PyObject* argument) {
  SocketReleased command{};
  return read_id(argument, "socket", command.socket) ? post(self, command) : nullptr;
}

// Commands with a namespace.
template <typename Command>
PyObject* post_namespace_command(PyObject* self, PyObject* argument) {
  Command command;
  return read_text(argument, command.name_space) ? post(self, std::move(command)) : nullptr;
}

PyObject* server_tell_processes(PyObject* self, PyObject* args) {
  PyObject *payload, *to = nullptr;
  TellProcesses command{0, ""};
  if (!PyArg_ParseTuple(args, "U|O:tell_processes", &payload, &to) ||
      !read_text(payload, command.payload) ||
      (to != nullptr && !read_number(to, "to", command.to))) {
    return nullptr;
  }
  return post_paced(self, std::move(command));
}

PyObject* server_space(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  return core == nullptr ? nullptr : core->bridge.space(Gil::held_by_caller()).release();
}

}  // namespace

std::span<const Method> socketio_methods() {
  static const Method methods[] = {
      Method::no_arguments<&server_space>("space"),
      Method::positional<&server_tell_processes>("tell_processes"),
      Method::one_argument<&server_add_namespace>("add_namespace"),
      Method::no_arguments<&server_serve_dynamic_namespaces>("serve_dynamic_namespaces"),
      Method::no_arguments<&server_ask_about_handshakes>("ask_about_handshakes"),
      Method::no_arguments<&server_ask_about_origins>("ask_about_origins"),
      Method::no_arguments<&server_watch_refusals>("watch_refusals"),
      Method::positional<&server_decide_handshake>("decide_handshake"),
      Method::one_argument<&server_make_relays>("make_relays"),
      Method::positional<&server_accept_socket>("accept_socket"),
      Method::positional<&server_refuse_socket>("refuse_socket"),
      Method::array<&server_emit>("emit"),
      Method::array<&server_broadcast>("broadcast"),
      Method::array<&server_ack>("ack"),
      Method::array<&server_events_done>("events_done"),
      Method::array<&server_start_task>("start_task"),
      Method::positional<&post_room_command<SocketJoin>>("join"),
      Method::positional<&post_room_command<SocketLeave>>("leave"),
      Method::one_argument<&server_leave_all>("leave_all"),
      Method::keywords<&server_close_socket>("close_socket"),
      Method::positional<&server_watch>("watch"),
      Method::one_argument<&server_release_socket>("release_socket"),
      Method::one_argument<&post_namespace_command<WatchRooms>>("watch_rooms"),
      Method::one_argument<&post_namespace_command<UnwatchRooms>>("unwatch_rooms"),
  };
  return methods;
}

}  // namespace sioserve::bridge

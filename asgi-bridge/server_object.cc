#include "asgi-bridge/server_object.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asgi-bridge/core.h"
#include "asgi-bridge/json.h"
#include "asgi-bridge/module_state.h"
#include "asgi-bridge/relays.h"
#include "asgi-bridge/settings.h"
#include "server/base/clock.h"
#include "server/transport/options.h"

namespace sioserve::bridge {
namespace {

// A Server: null before __init__.
PyRef& core_ref(PyObject* self) { return unbox<PyRef>(self); }

// The same, as long as the server has not been started.
Core* unstarted_core_of(PyObject* self, const char* method) {
  Core* core = core_of(self);
  if (core == nullptr || core->phase == Core::Phase::made) return core;
  PyErr_Format(PyExc_RuntimeError, "%s() comes too late: the server has been started", method);
  return nullptr;
}

PyObject* server_new(PyTypeObject* type, PyObject*, PyObject*) {
  return make_object<PyRef>(Gil::held_by_caller(), type).release();
}

void server_dealloc(PyObject* self) {
  if (PyRef& core = core_ref(self)) {
    if (unbox<Core>(core.get()).is_in_its_process()) {
      unbox<Core>(core.get()).shut_down(Gil::held_by_caller());
    } else {
      // What a forked child has inherited goes with the process.
      static_cast<void>(core.release());
    }
  }
  dealloc_object<PyRef>(self);
}

bool read_strings(PyObject* sequence, std::vector<std::string>& strings) {
  if (sequence == nullptr) return true;
  const PyRef list = PyRef::steal(PySequence_Fast(sequence, "a sequence of str is needed"));
  if (!list) return false;
  strings.clear();
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(PySequence_Fast_GET_ITEM(list.get(), i), &size);
    if (text == nullptr) return false;
    strings.emplace_back(text, static_cast<std::size_t>(size));
  }
  return true;
}

bool read_text(PyObject* argument, std::string& text) {
  Py_ssize_t size = 0;
  const char* chars = PyUnicode_AsUTF8AndSize(argument, &size);
  if (chars == nullptr) return false;
  text.assign(chars, static_cast<std::size_t>(size));
  return true;
}

// What Server() takes beside the settings; False with an exception set when it is something else.
bool read_argument(const Gil& gil, const std::string& name, PyObject* value, Config& config,
                   Application& application) {
  if (name == "root_path") return read_text(value, application.root_path);
  PyRef* const target = name == "dispatcher"             ? &application.dispatcher
                        : name == "state"                ? &application.state
                        : name == "extensions"           ? &application.extensions
                        : name == "json_default"         ? &application.json_default
                        : name == "client_gone"          ? &application.client_gone
                        : name == "max_requests_reached" ? &application.max_requests_reached
                                                         : nullptr;
  if (target == nullptr) return read_setting(gil, name, value, config);
  const bool is_dict = target == &application.state || target == &application.extensions;
  if (is_dict && value == Py_None) return true;
  if (is_dict && !PyDict_Check(value)) {
    PyErr_Format(PyExc_TypeError, "%s: must be a dict", name.c_str());
    return false;
  }
  *target = PyRef::borrow(value);
  return true;
}

int server_init(PyObject* self, PyObject* args, PyObject* kwargs) {
  const Gil gil = Gil::held_by_caller();
  Config config;
  auto application = read_arguments(gil, self, args, kwargs, config);
  if (!application) return -1;
  return set_core(self, Core::make(gil, module_state(Py_TYPE(self)).types, std::move(config),
                                   std::move(*application)));
}

PyObject* address_or_error(const Result<std::string, std::string>& address) {
  if (address) return to_py_str(Gil::held_by_caller(), *address).release();
  // A path need not be UTF-8.
  const PyRef reason = to_py_str(Gil::held_by_caller(), address.error());
  if (reason) PyErr_SetObject(PyExc_OSError, reason.get());
  return nullptr;
}

PyObject* server_listen_tcp(PyObject* self, PyObject* args) {
  const char* host;
  int port;
  if (!PyArg_ParseTuple(args, "si:listen_tcp", &host, &port)) return nullptr;
  if (port < 0 || port > 65'535) {
    PyErr_SetString(PyExc_ValueError, "port must be from 0 to 65535");
    return nullptr;
  }
  Core* core = unstarted_core_of(self, "listen_tcp");
  if (core == nullptr) return nullptr;
  return address_or_error(core->server->listen_tcp(host, static_cast<std::uint16_t>(port)));
}

PyObject* server_listen_unix(PyObject* self, PyObject* args) {
  PyObject* encoded;
  int mode = 0666;
  if (!PyArg_ParseTuple(args, "O&|i:listen_unix", PyUnicode_FSConverter, &encoded, &mode)) {
    return nullptr;
  }
  const PyRef path = PyRef::steal(encoded);
  if (mode < 0 || mode > 0777) {
    PyErr_SetString(PyExc_ValueError, "mode must be from 0 to 0o777");
    return nullptr;
  }
  Core* core = unstarted_core_of(self, "listen_unix");
  if (core == nullptr) return nullptr;
  return address_or_error(
      core->server->listen_unix(PyBytes_AS_STRING(path.get()), static_cast<unsigned>(mode)));
}

PyObject* server_listen_fd(PyObject* self, PyObject* args) {
  int fd;
  if (!PyArg_ParseTuple(args, "i:listen_fd", &fd)) return nullptr;
  Core* core = unstarted_core_of(self, "listen_fd");
  if (core == nullptr) return nullptr;
  return address_or_error(core->server->listen_fd(fd));
}

// False with an exception set.
bool open_logs(Core& core) {
  const auto opened = core.server->open_logs();
  if (!opened) PyErr_SetString(PyExc_OSError, opened.error().c_str());
  return static_cast<bool>(opened);
}

PyObject* server_start(PyObject* self, PyObject* args) {
  PyObject *loop, *on_stopped;
  if (!PyArg_ParseTuple(args, "OO:start", &loop, &on_stopped)) return nullptr;
  Core* core = unstarted_core_of(self, "start");
  if (core == nullptr || !open_logs(*core)) return nullptr;
  const PyRef drain = PyRef::steal(PyObject_GetAttrString(self, "_drain"));
  if (!drain) return nullptr;
  const PyRef added =
      PyRef::steal(PyObject_CallMethod(loop, "add_reader", "iO", core->wake_up.get(), drain.get()));
  if (!added) return nullptr;
  core->phase = Core::Phase::started;
  core->bridge.start(PyRef::borrow(loop), PyRef::borrow(on_stopped), core->wake_up.get());
  core->server->start();
  return none().release();
}

PyObject* server_drain(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->wake_up.clear();
  core->bridge.drain(Gil::held_by_caller());
  return none().release();
}

PyObject* server_running_tasks(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  return core->bridge.running_tasks(Gil::held_by_caller()).release();
}

PyObject* post(PyObject* self, Command command) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.post(std::move(command));
  return none().release();
}

PyObject* server_counts(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  const Gil gil = Gil::held_by_caller();
  PyRef counts = PyRef::steal(PyDict_New());
  if (!counts) return nullptr;
  for (std::size_t i = 0; i < counter_count; ++i) {
    const Counter counter{i};
    const PyRef value = to_py_int(gil, core->port.counters().get(counter));
    if (!value || PyDict_SetItemString(counts.get(), name_of(counter), value.get()) != 0) {
      return nullptr;
    }
  }
  return counts.release();
}

template <std::size_t SocketIoConfig::*Setting>
PyObject* server_socketio_limit(PyObject* self, void*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  return PyLong_FromSize_t(core->port.config().socket_io.*Setting);
}

PyObject* server_stop(PyObject* self, PyObject*) { return post(self, StopServer{}); }

// A socket's number from the first argument. False with an exception set.
bool read_socket(PyObject* argument, SocketId& socket) {
  const unsigned long long number = PyLong_AsUnsignedLongLong(argument);
  socket = SocketId{number};
  return number != static_cast<unsigned long long>(-1) || !PyErr_Occurred();
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
  return post(self, AskAboutHandshakes{});
}

PyObject* server_decide_handshake(PyObject* self, PyObject* args) {
  unsigned long long handshake;
  const char* refusal = nullptr;
  if (!PyArg_ParseTuple(args, "K|z:decide_handshake", &handshake, &refusal)) return nullptr;
  HandshakeDecision decision{StreamId{handshake}, std::nullopt};
  if (refusal != nullptr) decision.refusal = refusal;
  return post(self, std::move(decision));
}

PyObject* server_make_relays(PyObject*, PyObject* rules) {
  return make_relays(Gil::held_by_caller(), rules).release();
}

PyObject* server_accept_socket(PyObject* self, PyObject* args) {
  PyObject *socket, *relays = Py_None;
  if (!PyArg_ParseTuple(args, "O|O:accept_socket", &socket, &relays)) return nullptr;
  SocketAccept command{};
  if (!read_socket(socket, command.socket)) return nullptr;
  if (relays != Py_None) {
    auto* const shared = relays_in(relays);
    if (shared == nullptr) return nullptr;
    command.relays = *shared;
  }
  return post(self, std::move(command));
}

PyObject* server_refuse_socket(PyObject* self, PyObject* args) {
  PyObject *socket, *message, *data = Py_None;
  if (!PyArg_ParseTuple(args, "OU|O:refuse_socket", &socket, &message, &data)) return nullptr;
  Core* core = core_of(self);
  SocketRefuse command{};
  if (core == nullptr || !read_socket(socket, command.socket)) return nullptr;
  const PyRef payload =
      PyRef::steal(data == Py_None ? Py_BuildValue("{sO}", "message", message)
                                   : Py_BuildValue("{sOsO}", "message", message, "data", data));
  if (!payload) return nullptr;
  auto json = encode_json(Gil::held_by_caller(), payload.get(), core->bridge.json_default());
  if (!json) return nullptr;
  command.payload = std::move(*json);
  return post(self, std::move(command));
}

// An optional number: None is nullopt. False with an exception set.
bool read_optional_number(PyObject* argument, std::optional<std::uint64_t>& number) {
  if (argument == Py_None) return true;
  number = PyLong_AsUnsignedLongLong(argument);
  return !PyErr_Occurred();
}

PyObject* server_emit(PyObject* self, PyObject* args) {
  PyObject *socket, *event, *callback_id = Py_None;
  int droppable = 0, compress = 1;
  if (!PyArg_ParseTuple(args, "OO|Opp:emit", &socket, &event, &callback_id, &droppable,
                        &compress)) {
    return nullptr;
  }
  Core* core = core_of(self);
  SocketEmit command{};
  if (core == nullptr || !read_socket(socket, command.socket) ||
      !read_optional_number(callback_id, command.callback_id)) {
    return nullptr;
  }
  auto encoded = encode_args(Gil::held_by_caller(), event, core->bridge.json_default());
  if (!encoded) return nullptr;
  command.args = std::move(*encoded);
  if (droppable != 0) command.delivery = Delivery::droppable;
  if (compress == 0) command.compression = Compression::declined;
  return post(self, std::move(command));
}

// The numbers of several sockets. False with an exception set.
bool read_sockets(PyObject* iterable, std::vector<SocketId>& sockets) {
  if (iterable == nullptr) return true;
  const PyRef list = PyRef::steal(PySequence_Fast(iterable, "an iterable of sockets is needed"));
  if (!list) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    if (!read_socket(PySequence_Fast_GET_ITEM(list.get(), i), sockets.emplace_back())) return false;
  }
  return true;
}

PyObject* server_broadcast(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* const keywords[] = {"namespace", "args",         "rooms",
                                         "sockets",   "except_rooms", "except_sockets",
                                         "volatile",  "compress",     nullptr};
  PyObject *name_space, *event, *rooms = nullptr, *sockets = nullptr, *except_rooms = nullptr,
                                *except_sockets = nullptr;
  int droppable = 0, compress = 1;
  if (!PyArg_ParseTupleAndKeywords(
          args, kwargs, "UO|OOOOpp:broadcast", const_cast<char**>(keywords), &name_space, &event,
          &rooms, &sockets, &except_rooms, &except_sockets, &droppable, &compress)) {
    return nullptr;
  }
  Core* core = core_of(self);
  SocketBroadcast command;
  if (core == nullptr || !read_text(name_space, command.name_space) ||
      !read_strings(rooms, command.rooms) || !read_sockets(sockets, command.sockets) ||
      !read_strings(except_rooms, command.except_rooms) ||
      !read_sockets(except_sockets, command.except)) {
    return nullptr;
  }
  auto encoded = encode_args(Gil::held_by_caller(), event, core->bridge.json_default());
  if (!encoded) return nullptr;
  command.args = std::move(*encoded);
  if (droppable != 0) command.delivery = Delivery::droppable;
  if (compress == 0) command.compression = Compression::declined;
  return post(self, std::move(command));
}

PyObject* server_ack(PyObject* self, PyObject* args) {
  PyObject *socket, *answer;
  unsigned long long ack_id;
  if (!PyArg_ParseTuple(args, "OKO:ack", &socket, &ack_id, &answer)) return nullptr;
  Core* core = core_of(self);
  SocketAck command{};
  if (core == nullptr || !read_socket(socket, command.socket)) return nullptr;
  auto encoded = encode_args(Gil::held_by_caller(), answer, core->bridge.json_default());
  if (!encoded) return nullptr;
  command.ack_id = ack_id;
  command.args = std::move(*encoded);
  return post(self, std::move(command));
}

PyObject* server_events_done(PyObject* self, PyObject* args) {
  PyObject* socket;
  Py_ssize_t count;
  if (!PyArg_ParseTuple(args, "On:events_done", &socket, &count)) return nullptr;
  SocketEventsDone command{};
  if (!read_socket(socket, command.socket)) return nullptr;
  command.count = static_cast<std::size_t>(count);
  return post(self, command);
}

// The commands that name a socket and a room.
template <typename Command>
PyObject* post_room_command(PyObject* self, PyObject* args) {
  PyObject *socket, *room;
  if (!PyArg_ParseTuple(args, "OU", &socket, &room)) return nullptr;
  Command command{};
  if (!read_socket(socket, command.socket) || !read_text(room, command.room)) return nullptr;
  return post(self, std::move(command));
}

PyObject* server_leave_all(PyObject* self, PyObject* argument) {
  SocketLeaveAll command{};
  return read_socket(argument, command.socket) ? post(self, command) : nullptr;
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
  if (!read_socket(socket, command.socket)) return nullptr;
  command.close_session = close_session != 0;
  return post(self, command);
}

PyObject* server_watch(PyObject* self, PyObject* args) {
  PyObject* socket;
  const char* signal;
  if (!PyArg_ParseTuple(args, "Os:watch", &socket, &signal)) return nullptr;
  SocketWatch command{};
  if (!read_socket(socket, command.socket)) return nullptr;
  const std::string_view name = signal;
  if (name != "upgrade" && name != "drain") {
    PyErr_Format(PyExc_ValueError, "there is no signal '%s'", signal);
    return nullptr;
  }
  command.signal = name == "upgrade" ? SessionSignal::upgrade : SessionSignal::drain;
  return post(self, command);
}

// (transport, seconds of latency or None), or None.
PyObject* server_session_status(PyObject* self, PyObject* number) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  const unsigned long long session = PyLong_AsUnsignedLongLong(number);
  if (session == static_cast<unsigned long long>(-1) && PyErr_Occurred()) return nullptr;
  const Gil gil = Gil::held_by_caller();
  const SharedSessionStatus status = core->bridge.session_status(gil, SessionId{session});
  if (!status) return none().release();
  const bool polling = status->transport == SessionTransport::polling;
  const std::int64_t latency = status->latency;
  const PyRef seconds =
      latency < 0 ? none() : PyRef::steal(PyFloat_FromDouble(static_cast<double>(latency) / 1e6));
  return Py_BuildValue("(sO)", polling ? "polling" : "websocket", seconds.get());
}

PyObject* server_open_logs(PyObject* self, PyObject*) {
  Core* core = unstarted_core_of(self, "open_logs");
  return core != nullptr && open_logs(*core) ? none().release() : nullptr;
}

PyObject* server_reopen_logs(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  if (core->server) core->server->reopen_logs();
  return none().release();
}

PyObject* server_flush_logs(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* const keywords[] = {"timeout_ms", nullptr};
  unsigned int timeout_ms = 1000;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|I:flush_logs", const_cast<char**>(keywords),
                                   &timeout_ms)) {
    return nullptr;
  }
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  if (core->server) {
    GilRelease release(Gil::held_by_caller());
    core->server->flush_logs(Milliseconds(timeout_ms));
  }
  return none().release();
}

PyObject* server_log_what_waits(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.log_what_waits(Gil::held_by_caller());
  return none().release();
}

PyObject* server_set_log_level(PyObject* self, PyObject* args) {
  const char* name;
  int level;
  if (!PyArg_ParseTuple(args, "si:set_log_level", &name, &level)) return nullptr;
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  for (std::size_t i = 0; i < log_category_names.size(); ++i) {
    if (std::string_view(name) != log_category_names[i]) continue;
    core->port.logger().set_level(static_cast<LogCategory>(i), level);
    return none().release();
  }
  PyErr_Format(PyExc_ValueError, "no logger %s", name);
  return nullptr;
}

template <typename F>
PyCFunction method(F* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef methods[] = {
    {"listen_tcp", server_listen_tcp, METH_VARARGS, nullptr},
    {"listen_unix", server_listen_unix, METH_VARARGS, nullptr},
    {"listen_fd", server_listen_fd, METH_VARARGS, nullptr},
    {"start", server_start, METH_VARARGS, nullptr},
    {"_drain", server_drain, METH_NOARGS, nullptr},
    {"running_tasks", server_running_tasks, METH_NOARGS, nullptr},
    {"counts", server_counts, METH_NOARGS, nullptr},
    {"stop", server_stop, METH_NOARGS, nullptr},
    {"add_namespace", server_add_namespace, METH_O, nullptr},
    {"serve_dynamic_namespaces", server_serve_dynamic_namespaces, METH_NOARGS, nullptr},
    {"ask_about_handshakes", server_ask_about_handshakes, METH_NOARGS, nullptr},
    {"decide_handshake", server_decide_handshake, METH_VARARGS, nullptr},
    {"make_relays", server_make_relays, METH_O, nullptr},
    {"accept_socket", server_accept_socket, METH_VARARGS, nullptr},
    {"refuse_socket", server_refuse_socket, METH_VARARGS, nullptr},
    {"emit", server_emit, METH_VARARGS, nullptr},
    {"broadcast", method(server_broadcast), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"ack", server_ack, METH_VARARGS, nullptr},
    {"events_done", server_events_done, METH_VARARGS, nullptr},
    {"join", post_room_command<SocketJoin>, METH_VARARGS, nullptr},
    {"leave", post_room_command<SocketLeave>, METH_VARARGS, nullptr},
    {"leave_all", server_leave_all, METH_O, nullptr},
    {"close_socket", method(server_close_socket), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"watch", server_watch, METH_VARARGS, nullptr},
    {"session_status", server_session_status, METH_O, nullptr},
    {"open_logs", server_open_logs, METH_NOARGS, nullptr},
    {"reopen_logs", server_reopen_logs, METH_NOARGS, nullptr},
    {"log_what_waits", server_log_what_waits, METH_NOARGS, nullptr},
    {"flush_logs", method(server_flush_logs), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"set_log_level", server_set_log_level, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef properties[] = {
    {"max_rooms", server_socketio_limit<&SocketIoConfig::max_rooms>, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

Core* core_of(PyObject* server) {
  if (!core_ref(server)) {
    PyErr_SetString(PyExc_RuntimeError, "Server.__init__ was not called");
    return nullptr;
  }
  Core& core = unbox<Core>(core_ref(server).get());
  if (!core.is_in_its_process()) {
    PyErr_SetString(PyExc_RuntimeError, "the server runs in another process");
    return nullptr;
  }
  return &core;
}

std::optional<Application> read_arguments(const Gil& gil, PyObject* self, PyObject* args,
                                          PyObject* kwargs, Config& config) {
  PyObject *app, *dispatcher = Py_None;
  if (!PyArg_ParseTuple(args, "O|O:Server", &app, &dispatcher)) return std::nullopt;
  if (core_ref(self)) {
    PyErr_SetString(PyExc_RuntimeError, "Server.__init__ was called twice");
    return std::nullopt;
  }
  Application application{PyRef::borrow(app),
                          PyRef::borrow(dispatcher),
                          PyRef(),
                          PyRef(),
                          none(),
                          none(),
                          none(),
                          "",
                          module_state(Py_TYPE(self)).request_id};
  PyObject *key, *value;
  for (Py_ssize_t position = 0;
       kwargs != nullptr && PyDict_Next(kwargs, &position, &key, &value);) {
    std::string name;
    if (!read_text(key, name) || !read_argument(gil, name, value, config, application)) {
      return std::nullopt;
    }
  }
  if (const auto fault = transport::fault_of(config.engine_io)) {
    PyErr_SetString(PyExc_ValueError, fault->c_str());
    return std::nullopt;
  }
  return application;
}

int set_core(PyObject* server, PyRef core) {
  core_ref(server) = std::move(core);
  return core_ref(server) ? 0 : -1;
}

PyRef make_server_type(const Gil&, PyObject* module) {
  PyType_Slot slots[] = {
      {Py_tp_new, slot(server_new)},
      {Py_tp_init, slot(server_init)},
      {Py_tp_dealloc, slot(server_dealloc)},
      {Py_tp_methods, methods},
      {Py_tp_getset, properties},
      {0, nullptr},
  };
  PyType_Spec spec = {"_sioserve.Server", sizeof(PyBox<PyRef>), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  return PyRef::steal(PyType_FromModuleAndSpec(module, &spec, nullptr));
}

}  // namespace sioserve::bridge

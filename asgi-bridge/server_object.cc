#include "asgi-bridge/server_object.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asgi-bridge/arguments.h"
#include "asgi-bridge/cluster_methods.h"
#include "asgi-bridge/core.h"
#include "asgi-bridge/module_state.h"
#include "asgi-bridge/process_methods.h"
#include "asgi-bridge/settings.h"
#include "asgi-bridge/socketio_methods.h"
#include "asgi-bridge/socketio_questions.h"
#include "asgi-bridge/tls_methods.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/tls/peer_files.h"
#include "server/transport/options.h"

namespace sioserve::bridge {
namespace {

// The value in a Server object.
struct ServerBox {
  void traverse(Visitor& visit) const { visit(core); }

  // Ends the I/O thread.
  void clear(const Gil& gil) {
    PyRef gone = std::exchange(core, PyRef());
    if (!gone) return;
    if (unbox<Core>(gone.get()).is_in_its_process()) {
      unbox<Core>(gone.get()).shut_down(gil);
    } else {
      // In a forked child, the Core is left to the end of the process.
      static_cast<void>(gone.release());
    }
  }

  PyRef core;  // null before __init__
};

PyRef& core_ref(PyObject* self) { return unbox<ServerBox>(self).core; }

// unstarted_core_of(), for a server that listens itself.
Core* listening_core_of(PyObject* self, const char* method) {
  Core* core = unstarted_core_of(self, method);
  if (core == nullptr || core->server) return core;
  PyErr_Format(PyExc_RuntimeError, "%s(): another process listens", method);
  return nullptr;
}

PyObject* server_new(PyTypeObject* type, PyObject*, PyObject*) {
  return make_object<ServerBox>(Gil::held_by_caller(), type).release();
}

// Reads an argument of Server() that is not a setting. False with an exception set if it is
// invalid.
bool read_argument(const Gil& gil, const std::string& name, PyObject* value, Config& config,
                   Application& application) {
  if (name == "root_path") return read_text(value, application.root_path);
  PyRef* const target = name == "dispatcher"             ? &application.dispatcher
                        : name == "state"                ? &application.state
                        : name == "extensions"           ? &application.extensions
                        : name == "json_default"         ? &application.json_default
                        : name == "client_gone"          ? &application.client_gone
                        : name == "max_requests_reached" ? &application.max_requests_reached
                        : name == "stop_begun"           ? &application.stop_begun
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
  if (!application || !load_redis_certificates(gil, config)) return -1;
  return set_core(self, Core::make(gil, module_state(Py_TYPE(self)).types, std::move(config),
                                   std::move(*application)));
}

PyObject* address_or_error(const Result<std::string, std::string>& address) {
  if (address) return to_py_str(Gil::held_by_caller(), *address).release();
  // The message may contain a path that is not UTF-8.
  const PyRef reason = to_py_str(Gil::held_by_caller(), address.error());
  if (reason) PyErr_SetObject(PyExc_OSError, reason.get());
  return nullptr;
}

bool read_service(const char* name, connection::Service& service) {
  constexpr std::pair<std::string_view, connection::Service> services[] = {
      {"http", connection::Service::http},
      {"https", connection::Service::https},
      {"redirect", connection::Service::redirect},
  };
  for (const auto& [known, value] : services) {
    if (known != name) continue;
    service = value;
    return true;
  }
  PyErr_SetString(PyExc_ValueError, "service: must be http, https or redirect");
  return false;
}

PyObject* server_listen_tcp(PyObject* self, PyObject* args) {
  const char *host, *service_name = "http";
  PyObject* port_argument;
  std::uint16_t port = 0;
  connection::Service service{};
  if (!PyArg_ParseTuple(args, "sO|s:listen_tcp", &host, &port_argument, &service_name) ||
      !read_number(port_argument, "port", port) || !read_service(service_name, service)) {
    return nullptr;
  }
  Core* core = listening_core_of(self, "listen_tcp");
  if (core == nullptr) return nullptr;
  return address_or_error(core->server->listen_tcp(host, port, service));
}

PyObject* server_listen_metrics(PyObject* self, PyObject* args) {
  const char* host;
  PyObject* port_argument;
  std::uint16_t port = 0;
  if (!PyArg_ParseTuple(args, "sO:listen_metrics", &host, &port_argument) ||
      !read_number(port_argument, "port", port)) {
    return nullptr;
  }
  Core* core = listening_core_of(self, "listen_metrics");
  if (core == nullptr) return nullptr;
  if (!core->port.config().metrics.on) {
    PyErr_SetString(PyExc_RuntimeError, "listen_metrics() needs the setting metrics");
    return nullptr;
  }
  return address_or_error(core->server->listen_metrics(host, port));
}

PyObject* server_listen_unix(PyObject* self, PyObject* args) {
  PyObject *encoded, *mode_argument = nullptr;
  if (!PyArg_ParseTuple(args, "O&|O:listen_unix", PyUnicode_FSConverter, &encoded,
                        &mode_argument)) {
    return nullptr;
  }
  const PyRef path = PyRef::steal(encoded);
  unsigned mode = 0666;
  if (mode_argument != nullptr && !read_number(mode_argument, "mode", mode, 0777u)) return nullptr;
  Core* core = listening_core_of(self, "listen_unix");
  if (core == nullptr) return nullptr;
  return address_or_error(core->server->listen_unix(PyBytes_AS_STRING(path.get()), mode));
}

PyObject* server_listen_fd(PyObject* self, PyObject* args) {
  PyObject* argument;
  const char* service_name = "http";
  int fd = 0;
  connection::Service service{};
  if (!PyArg_ParseTuple(args, "O|s:listen_fd", &argument, &service_name) ||
      !read_number(argument, "fd", fd) || !read_service(service_name, service)) {
    return nullptr;
  }
  Core* core = listening_core_of(self, "listen_fd");
  if (core == nullptr) return nullptr;
  return address_or_error(core->server->listen_fd(fd, service));
}

PyObject* server_listen_cluster(PyObject* self, PyObject* args) {
  const char *host, *secret;
  PyObject* port_argument;
  PyObject* tls_argument = Py_None;
  std::uint16_t port = 0;
  if (!PyArg_ParseTuple(args, "sOs|O:listen_cluster", &host, &port_argument, &secret,
                        &tls_argument) ||
      !read_number(port_argument, "port", port)) {
    return nullptr;
  }
  std::optional<tls::PeerFiles> tls;
  if (tls_argument != Py_None) {
    const char *certificate, *key, *authorities;
    if (!PyArg_Parse(tls_argument, "(sss):listen_cluster", &certificate, &key, &authorities)) {
      return nullptr;
    }
    tls = tls::PeerFiles{certificate, key, authorities};
  }
  Core* core = listening_core_of(self, "listen_cluster");
  if (core == nullptr) return nullptr;
  return address_or_error(core->server->listen_cluster(host, port, secret, std::move(tls)));
}

// Opens the log files. False with an exception set.
bool open_logs(Core& core) {
  if (!core.server) return true;
  const auto opened = core.server->open_logs();
  if (!opened) PyErr_SetString(PyExc_OSError, opened.error().c_str());
  return static_cast<bool>(opened);
}

PyObject* server_start(PyObject* self, PyObject* args) {
  PyObject *loop, *on_stopped;
  if (!PyArg_ParseTuple(args, "OO:start", &loop, &on_stopped)) return nullptr;
  Core* core = listening_core_of(self, "start");
  if (core == nullptr || !open_logs(*core)) return nullptr;
  PyRef drain = PyRef::steal(PyObject_GetAttrString(self, "_drain"));
  if (!drain) return nullptr;
  const Bridge::Watched watched[] = {{core->wake_up.get(), std::move(drain)}};
  return start_core(*core, loop, on_stopped, watched, [core] { core->server->start(); });
}

PyObject* server_drain(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->wake_up.clear();
  const auto drained = core->bridge.drain(Gil::held_by_caller(), drain_budget);
  if (drained == Bridge::Drained::some) core->wake_again();
  return none().release();
}

PyObject* server_running_tasks(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  return core->bridge.asgi().running_tasks(Gil::held_by_caller()).release();
}

PyObject* server_counts(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  const Gil gil = Gil::held_by_caller();
  CountsAsked::Answer values = core->bridge.ask(gil, CountsAsked{});
  values.resize(counter_count);  // empty before the start and after the end
  PyRef counts = PyRef::steal(PyDict_New());
  if (!counts) return nullptr;
  for (std::size_t i = 0; i < counter_count; ++i) {
    const Counter counter{i};
    const PyRef value = to_py_int(gil, values[i]);
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

PyObject* server_stop(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.post(StopServer{});
  return none().release();
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
  PyObject* argument = nullptr;
  Milliseconds timeout{1000};
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:flush_logs", const_cast<char**>(keywords),
                                   &argument) ||
      (argument != nullptr && !read_milliseconds(argument, keywords[0], timeout))) {
    return nullptr;
  }
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  if (core->server) {
    GilRelease release(Gil::held_by_caller());
    core->server->flush_logs(timeout);
  }
  return none().release();
}

PyObject* server_end(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->end(Gil::held_by_caller());
  return none().release();
}

PyObject* server_log_what_waits(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.log_pending(Gil::held_by_caller());
  return none().release();
}

PyObject* server_set_log_level(PyObject* self, PyObject* args) {
  const char* name;
  PyObject* argument;
  int level = 0;
  if (!PyArg_ParseTuple(args, "sO:set_log_level", &name, &argument) ||
      !read_number(argument, "level", level)) {
    return nullptr;
  }
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

const Method life_methods[] = {
    Method::positional<&server_listen_tcp>("listen_tcp"),
    Method::positional<&server_listen_metrics>("listen_metrics"),
    Method::positional<&server_listen_unix>("listen_unix"),
    Method::positional<&server_listen_fd>("listen_fd"),
    Method::positional<&server_listen_cluster>("listen_cluster"),
    Method::positional<&server_start>("start"),
    Method::no_arguments<&server_drain>("_drain"),
    Method::no_arguments<&server_running_tasks>("running_tasks"),
    Method::no_arguments<&server_counts>("counts"),
    Method::no_arguments<&server_stop>("stop"),
    Method::no_arguments<&server_open_logs>("open_logs"),
    Method::no_arguments<&server_reopen_logs>("reopen_logs"),
    Method::no_arguments<&server_end>("end"),
    Method::no_arguments<&server_log_what_waits>("log_pending"),
    Method::keywords<&server_flush_logs>("flush_logs"),
    Method::positional<&server_set_log_level>("set_log_level"),
};

const Property properties[] = {
    Property::read_by<&server_socketio_limit<&SocketIoConfig::max_rooms>>("max_rooms"),
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
  if (core.phase == Core::Phase::gone) {
    PyErr_SetString(PyExc_RuntimeError, "the server has gone");
    return nullptr;
  }
  return &core;
}

Core* unstarted_core_of(PyObject* server, const char* method) {
  Core* core = core_of(server);
  if (core == nullptr || core->phase == Core::Phase::made) return core;
  PyErr_Format(PyExc_RuntimeError, "%s() comes too late: the server has been started", method);
  return nullptr;
}

PyObject* start_core(Core& core, PyObject* loop, PyObject* on_stopped,
                     std::span<const Bridge::Watched> watched, const std::function<void()>& start) {
  const Gil gil = Gil::held_by_caller();
  if (!core.bridge.start(gil, PyRef::borrow(loop), PyRef::borrow(on_stopped), watched)) {
    return nullptr;
  }
  try {
    start();
  } catch (...) {
    core.bridge.undo_start(gil);
    throw;
  }
  core.phase = Core::Phase::started;
  return none().release();
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

PyRef make_server_type(const Gil& gil, PyObject* module) {
  static MethodTable all_methods{life_methods,       process_methods(),    cluster_methods(),
                                 socketio_methods(), socketio_questions(), tls_methods()};
  static PropertyTable all_properties{properties};
  return make_box_type<ServerBox>(gil, module, "_sioserve.Server",
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                                  {
                                      Slot::function<&server_new>(Py_tp_new),
                                      Slot::function<&server_init>(Py_tp_init),
                                      Slot::methods(all_methods),
                                      Slot::properties(all_properties),
                                  });
}

}  // namespace sioserve::bridge

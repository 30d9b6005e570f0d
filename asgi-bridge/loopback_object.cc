#include "asgi-bridge/loopback_object.h"

#include <string>
#include <utility>

#include "asgi-bridge/arguments.h"
#include "asgi-bridge/module_state.h"
#include "asgi-bridge/server_object.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {
namespace {

using socketio::LoopbackMessage;
using socketio::LoopbackServer;

// Null with an exception set if the server can't be used.
LoopbackServer* loopback_of(PyObject* self) {
  Core* core = core_of(self);
  return core == nullptr ? nullptr : core->loopback.get();
}

// LoopbackServer(wake, dispatcher, **settings): the arguments of Server, with `wake` instead of the
// application.
int loopback_init(PyObject* self, PyObject* args, PyObject* kwargs) {
  const Gil gil = Gil::held_by_caller();
  Config config;
  auto application = read_arguments(gil, self, args, kwargs, config);
  if (!application) return -1;
  PyRef wake = std::exchange(application->app, none());
  return set_core(self,
                  Core::make_loopback(gil, module_state(Py_TYPE(self)).types, std::move(config),
                                      std::move(*application), std::move(wake)));
}

PyObject* loopback_open_session(PyObject* self, PyObject* scope) {
  LoopbackServer* server = loopback_of(self);
  if (server == nullptr) return nullptr;
  const Gil gil = Gil::held_by_caller();
  const SessionId session = server->open_session();
  core_of(self)->bridge.socket_io().keep_scope(gil, session, scope);
  return to_py_int(gil, static_cast<std::uint64_t>(session)).release();
}

PyObject* loopback_receive(PyObject* self, PyObject* args) {
  PyObject *number, *data;
  LoopbackServer* server = loopback_of(self);
  SessionId session{};
  if (server == nullptr || !PyArg_ParseTuple(args, "OO:receive", &number, &data) ||
      !read_id(number, "session", session)) {
    return nullptr;
  }
  Py_ssize_t size = 0;
  if (PyBytes_Check(data)) {
    server->receive(session,
                    {MessageKind::binary,
                     {PyBytes_AS_STRING(data), static_cast<std::size_t>(PyBytes_GET_SIZE(data))}});
    return none().release();
  }
  const char* text = PyUnicode_AsUTF8AndSize(data, &size);
  if (text == nullptr) return nullptr;
  server->receive(session, {MessageKind::text, {text, static_cast<std::size_t>(size)}});
  return none().release();
}

PyObject* loopback_take_sent(PyObject* self, PyObject* number) {
  LoopbackServer* server = loopback_of(self);
  SessionId session{};
  if (server == nullptr || !read_id(number, "session", session)) return nullptr;
  const Gil gil = Gil::held_by_caller();
  PyRef list = PyRef::steal(PyList_New(0));
  if (!list) return nullptr;
  for (const LoopbackMessage& message : server->take_sent(session)) {
    const PyRef item = message.kind == MessageKind::text ? to_py_str(gil, message.data)
                                                         : to_py_bytes(gil, message.data);
    if (!item || PyList_Append(list.get(), item.get()) != 0) return nullptr;
  }
  return list.release();
}

PyObject* loopback_is_open(PyObject* self, PyObject* number) {
  LoopbackServer* server = loopback_of(self);
  SessionId session{};
  if (server == nullptr || !read_id(number, "session", session)) return nullptr;
  return PyBool_FromLong(server->is_open(session) ? 1 : 0);
}

PyObject* loopback_close_session(PyObject* self, PyObject* number) {
  LoopbackServer* server = loopback_of(self);
  SessionId session{};
  if (server == nullptr || !read_id(number, "session", session)) return nullptr;
  server->close_session(session);
  return none().release();
}

PyObject* loopback_advance(PyObject* self, PyObject* milliseconds) {
  LoopbackServer* server = loopback_of(self);
  Milliseconds duration{};
  if (server == nullptr || !read_milliseconds(milliseconds, "milliseconds", duration)) {
    return nullptr;
  }
  server->advance(duration);
  return none().release();
}

}  // namespace

PyRef make_loopback_type(const Gil& gil, PyObject* module, const PyRef& server_type) {
  static const Method methods[] = {
      Method::one_argument<&loopback_open_session>("open_session"),
      Method::positional<&loopback_receive>("receive"),
      Method::one_argument<&loopback_take_sent>("take_sent"),
      Method::one_argument<&loopback_is_open>("is_open"),
      Method::one_argument<&loopback_close_session>("close_session"),
      Method::one_argument<&loopback_advance>("advance"),
  };
  static MethodTable all_methods{methods};
  // Size 0 and no traverse slot: both are inherited from the base type.
  return make_type(gil, module, "_sioserve.LoopbackServer", 0, Py_TPFLAGS_DEFAULT,
                   {
                       Slot::function<&loopback_init>(Py_tp_init),
                       Slot::methods(all_methods),
                   },
                   server_type.get());
}

}  // namespace sioserve::bridge

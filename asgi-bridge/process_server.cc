#include "asgi-bridge/process_server.h"

#include <optional>
#include <utility>

#include "asgi-bridge/arguments.h"
#include "asgi-bridge/core.h"
#include "asgi-bridge/module_state.h"
#include "asgi-bridge/server_object.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {
namespace {

// ProcessServer(application, dispatcher, **settings): Server's arguments.
int process_server_init(PyObject* self, PyObject* args, PyObject* kwargs) {
  const Gil gil = Gil::held_by_caller();
  Config config;
  auto application = read_arguments(gil, self, args, kwargs, config);
  if (!application) return -1;
  return set_core(self, Core::make_process(gil, module_state(Py_TYPE(self)).types,
                                           std::move(config), std::move(*application)));
}

PyObject* process_server_start(PyObject* self, PyObject* args) {
  PyObject *loop, *on_stopped, *argument;
  int fd = 0;
  if (!PyArg_ParseTuple(args, "OOO:start_with", &loop, &on_stopped, &argument) ||
      !read_number(argument, "fd", fd)) {
    return nullptr;
  }
  Core* core = unstarted_core_of(self, "start_with");
  if (core == nullptr) return nullptr;
  PyRef drain = PyRef::steal(PyObject_GetAttrString(self, "_drain"));
  PyRef receive = PyRef::steal(PyObject_GetAttrString(self, "_receive"));
  if (!drain || !receive) return nullptr;
  const Bridge::Watched watched[] = {{core->wake_up.get(), std::move(drain)},
                                     {fd, std::move(receive)}};
  return start_core(*core, loop, on_stopped, watched,
                    [&] { core->process->start(FileDescriptor(fd)); });
}

// The turn ends behind the callbacks that the events have made ready: the first steps of new tasks,
// and of those that waited.
bool end_turn_soon(PyObject* self, Core& core) {
  const PyRef end = PyRef::steal(PyObject_GetAttrString(self, "_end_turn"));
  if (!end) return false;
  PyObject* const call_soon = core.bridge.names().call_soon.get();
  return static_cast<bool>(
      PyRef::steal(PyObject_CallMethodOneArg(core.bridge.loop(), call_soon, end.get())));
}

PyObject* take_turn(PyObject* self, Core& core) {
  const Gil gil = Gil::held_by_caller();
  const bool begun = core.process->begin_turn();
  if (core.bridge.drain(gil, drain_budget) == Bridge::Drained::some) core.wake_again();
  if (!begun || (core.bridge.loop() != nullptr && end_turn_soon(self, core))) {
    return none().release();
  }
  core.process->end_turn();
  return PyErr_Occurred() == nullptr ? none().release() : nullptr;
}

// Something has come that the socket does not show.
PyObject* process_server_drain(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->wake_up.clear();
  return take_turn(self, *core);
}

// The socket is readable.
PyObject* process_server_receive(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  // Events wait from the last turn: _drain() is called too, and has a budget.
  if (core->bridge.has_more()) return none().release();
  return take_turn(self, *core);
}

PyObject* process_server_end_turn(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->process->end_turn();
  return none().release();
}

}  // namespace

PyRef make_process_server_type(const Gil& gil, PyObject* module, const PyRef& server_type) {
  static const Method methods[] = {
      Method::positional<&process_server_start>("start_with"),
      Method::no_arguments<&process_server_drain>("_drain"),
      Method::no_arguments<&process_server_receive>("_receive"),
      Method::no_arguments<&process_server_end_turn>("_end_turn"),
  };
  static MethodTable all_methods{methods};
  // Its objects are laid out, and seen by the garbage collector, as those of its base.
  return make_type(gil, module, "_sioserve.ProcessServer", 0, Py_TPFLAGS_DEFAULT,
                   {
                       Slot::function<&process_server_init>(Py_tp_init),
                       Slot::methods(all_methods),
                   },
                   server_type.get());
}

}  // namespace sioserve::bridge

#include "asgi-bridge/simple_handler.h"

#include <array>
#include <cstddef>
#include <vector>

#include "asgi-bridge/acknowledgement.h"
#include "asgi-bridge/python_logging.h"

namespace sioserve::bridge {
namespace {

// A SimpleCall, whose tuple keeps its parts.
struct SimpleCall {
  PyObject *consumer_class, *callable, *takes_ack, *acks_itself;
};

// Null, possibly with an exception set, if the event is not simple.
PyRef entry_of(const SimpleWay& way, PyObject* args) {
  if (!PyList_CheckExact(args) || PyList_GET_SIZE(args) == 0) return PyRef();
  PyObject* const event = PyList_GET_ITEM(args, 0);
  if (!PyUnicode_CheckExact(event)) return PyRef();
  return PyRef::borrow(PyDict_GetItemWithError(way.simple_events.get(), event));
}

// 1, 0, or -1 with an exception set.
int is_simple_now(const Gil& gil, const HandlerTypes& types, const SimpleWay& way) {
  const PyRef intercepts = attribute(gil, way.socket, types.intercepts_events);
  if (!intercepts) return -1;
  if (intercepts.get() != Py_False) return 0;
  const int logs = is_enabled_for(gil, way.logger, types.debug_level);
  return logs < 0 ? -1 : 1 - logs;
}

// The socket's consumer of this class. Null, possibly with an exception set, if it has none.
PyRef consumer_of(const Gil& gil, const HandlerTypes& types, const SimpleWay& way,
                  PyObject* consumer_class) {
  PyRef only = attribute(gil, way.socket, types.consumer);
  if (!only || reinterpret_cast<PyObject*>(Py_TYPE(only.get())) == consumer_class) return only;
  const PyRef consumers = attribute(gil, way.socket, types.consumers);
  if (!consumers) return PyRef();
  return PyRef::borrow(PyDict_GetItemWithError(consumers.get(), consumer_class));
}

// The positional arguments of a call, in an array.
class Arguments {
 public:
  explicit Arguments(std::size_t most) {
    if (most > few_.size()) many_.resize(most);
  }
  void add(PyObject* argument) { all()[count_++] = argument; }
  PyObject** all() { return many_.empty() ? few_.data() : many_.data(); }
  std::size_t count() const { return count_; }

 private:
  std::array<PyObject*, 10> few_;
  std::vector<PyObject*> many_;
  std::size_t count_ = 0;
};

}  // namespace

PyRef call_simple_handler(const Gil& gil, const HandlerTypes& types, const SimpleWay& way,
                          const PyRef& args, const PyRef& acknowledgement) {
  const PyRef entry = entry_of(way, args.get());
  if (!entry || is_simple_now(gil, types, way) != 1) return PyRef();
  SimpleCall handler{};
  if (!PyArg_ParseTuple(entry.get(), "OOOO", &handler.consumer_class, &handler.callable,
                        &handler.takes_ack, &handler.acks_itself)) {
    return PyRef();
  }
  const bool is_method = handler.consumer_class != Py_None;
  PyRef consumer;
  if (is_method) {
    consumer = consumer_of(gil, types, way, handler.consumer_class);
    if (!consumer) return PyRef();
  }
  if (acknowledgement && handler.acks_itself != Py_True) send_when_done(acknowledgement);
  const auto size = static_cast<std::size_t>(PyList_GET_SIZE(args.get()));
  Arguments call(size + 2);  // [consumer,] socket, the event's arguments [, ack]
  if (is_method) call.add(consumer.get());
  call.add(way.socket.get());
  for (std::size_t i = 1; i < size; ++i) {
    call.add(PyList_GET_ITEM(args.get(), static_cast<Py_ssize_t>(i)));
  }
  const std::size_t positional = call.count();
  const bool takes_ack = handler.takes_ack == Py_True;
  if (takes_ack) call.add(acknowledgement ? acknowledgement.get() : Py_None);
  PyObject* const names = takes_ack ? types.only_ack.get() : nullptr;
  return PyRef::steal(
      is_method ? PyObject_VectorcallMethod(handler.callable, call.all(), positional, names)
                : PyObject_Vectorcall(handler.callable, call.all(), positional, names));
}

}  // namespace sioserve::bridge

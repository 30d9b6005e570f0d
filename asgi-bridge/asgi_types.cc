#include "asgi-bridge/asgi_types.h"

#include <utility>

#include "asgi-bridge/bridge.h"
#include "asgi-bridge/core.h"
#include "asgi-bridge/coroutine.h"
#include "asgi-bridge/handshake_scope.h"
#include "asgi-bridge/message.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {
namespace {

struct StreamBox {
  void traverse(Visitor& visit) const {
    visit(core);
    visit(application);
    stream->traverse(visit);
  }
  // Not the core, which the stream uses: it clears itself.
  void clear(const Gil&) {
    const PyRef gone = std::exchange(application, PyRef());
    stream->forget_waiters();
  }

  PyRef core;
  std::unique_ptr<AsgiStream> stream;
  PyRef application;  // a coroutine, or null
};

// `receive` and `send` of a stream.
struct StreamCall {
  // A cycle through this object also contains the stream, which has a clear(). So none is needed
  // here.
  void traverse(Visitor& visit) const { visit(stream); }

  Vectorcall vectorcall;
  PyRef stream;
};

// The object that receive() and send() return. It completes immediately if poll() has a result.
// Otherwise it yields a future and calls poll() again when it is resumed. So the result is taken
// from the stream only when the awaiting task runs, and a cancelled await takes nothing.
struct Awaitable {
  void traverse(Visitor& visit) const {
    visit(stream);
    visit(future_iterator);
  }
  void clear(const Gil&) { future_iterator = PyRef(); }

  PyRef stream;  // null: already complete with the result None; all such calls share one object
  AsgiStream::Wait wait;
  PyRef future_iterator;  // of the future that this await waits for
};

PyRef make_awaitable(const Gil& gil, PyObject* type, PyRef stream, AsgiStream::Wait wait) {
  return make_object<Awaitable>(gil, reinterpret_cast<PyTypeObject*>(type),
                                Awaitable{std::move(stream), wait, PyRef()});
}

// Waits for a new future of the loop. Returns the object that asyncio expects to be yielded.
PyObject* suspend(const Gil& gil, Awaitable& awaitable) {
  AsgiStream& stream = stream_of(awaitable.stream);
  const Bridge& bridge = stream.bridge();
  if (bridge.loop() == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "the server has gone");
    return nullptr;
  }
  PyRef future =
      PyRef::steal(PyObject_CallMethodNoArgs(bridge.loop(), bridge.names().create_future.get()));
  if (!future) return nullptr;
  PyTypeObject* type = Py_TYPE(future.get());
  awaitable.future_iterator = PyRef::steal(type->tp_as_async->am_await(future.get()));
  if (!awaitable.future_iterator) return nullptr;
  PyObject* iterator = awaitable.future_iterator.get();
  PyObject* yielded = Py_TYPE(iterator)->tp_iternext(iterator);
  stream.add_waiter(gil, awaitable.wait, std::move(future));
  return yielded;
}

// Resumes the future that the await waited for. False with the future's exception set.
bool finish_future(Awaitable& awaitable) {
  const PyRef iterator = std::exchange(awaitable.future_iterator, PyRef());
  if (!iterator) return true;
  const PyRef yielded = PyRef::steal(Py_TYPE(iterator.get())->tp_iternext(iterator.get()));
  if (yielded) {
    PyErr_SetString(PyExc_RuntimeError, "await was resumed before its future was done");
    return false;
  }
  if (!PyErr_Occurred()) return true;
  if (!PyErr_ExceptionMatches(PyExc_StopIteration)) return false;
  PyErr_Clear();
  return true;
}

PySendResult awaitable_send_slot(PyObject* self, PyObject*, PyObject** result) {
  const Gil gil = Gil::held_by_caller();
  Awaitable& awaitable = unbox<Awaitable>(self);
  *result = nullptr;
  if (!awaitable.stream) {
    *result = none().release();
    return PYGEN_RETURN;
  }
  if (!finish_future(awaitable)) return PYGEN_ERROR;
  PyRef polled = stream_of(awaitable.stream).poll(gil, awaitable.wait);
  if (polled) {
    *result = polled.release();
    return PYGEN_RETURN;
  }
  if (PyErr_Occurred()) return PYGEN_ERROR;
  *result = suspend(gil, awaitable);
  return *result == nullptr ? PYGEN_ERROR : PYGEN_NEXT;
}

PyObject* awaitable_throw(PyObject* self, PyObject* args) {
  unbox<Awaitable>(self).future_iterator = PyRef();
  return throw_here(Gil::held_by_caller(), args).release();
}

PyObject* awaitable_close(PyObject* self, PyObject*) {
  unbox<Awaitable>(self).future_iterator = PyRef();
  return none().release();
}

PyObject* call_receive(PyObject* self, PyObject* const*, std::size_t, PyObject*) {
  const PyRef& stream = unbox<StreamCall>(self).stream;
  const AsgiTypes& types = stream_of(stream).bridge().types();
  return make_awaitable(Gil::held_by_caller(), types.awaitable.get(), stream,
                        AsgiStream::Wait::message)
      .release();
}

// The only argument of send(). Null with an exception set for other arguments.
PyObject* message_argument(PyObject* const* args, std::size_t count, PyObject* keywords) {
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  if (PyVectorcall_NARGS(count) + named != 1) {
    PyErr_SetString(PyExc_TypeError, "send() takes exactly one argument");
    return nullptr;
  }
  if (named == 1 && !is_type(PyTuple_GET_ITEM(keywords, 0), "message")) {
    PyErr_Format(PyExc_TypeError, "send() has no argument %R", PyTuple_GET_ITEM(keywords, 0));
    return nullptr;
  }
  return args[0];
}

PyObject* call_send(PyObject* self, PyObject* const* args, std::size_t count, PyObject* keywords) {
  const Gil gil = Gil::held_by_caller();
  PyObject* const message = message_argument(args, count, keywords);
  if (message == nullptr) return nullptr;
  const PyRef& stream_object = unbox<StreamCall>(self).stream;
  AsgiStream& stream = stream_of(stream_object);
  if (!stream.send(gil, message)) return nullptr;
  const AsgiTypes& types = stream.bridge().types();
  if (stream.has_space()) return Py_NewRef(types.complete.get());
  return make_awaitable(gil, types.awaitable.get(), stream_object, AsgiStream::Wait::space)
      .release();
}

// These attributes come from an `async def` function: inspect.iscoroutinefunction() must be true
// for `receive` and `send`, or async_to_sync() warns.
PyObject* template_attribute(PyObject* self, void* name) {
  const AsgiTypes& types = stream_of(unbox<StreamCall>(self).stream).bridge().types();
  const bool is_send = types.send.get() == reinterpret_cast<PyObject*>(Py_TYPE(self));
  return PyObject_GetAttrString((is_send ? types.send_template : types.receive_template).get(),
                                static_cast<const char*>(name));
}

// --- A stream as the coroutine that its task runs ---

// Null with an exception set when there is none: the garbage collector has been here.
PyRef application_of(PyObject* self) {
  const PyRef& application = unbox<StreamBox>(self).application;
  if (!application) PyErr_SetString(PyExc_RuntimeError, "the application was not called");
  return application;
}

// With an exception set, which stays set, when the application ended with one.
void report_end(PyObject* self, AsgiStream::End end) {
  const Gil gil = Gil::held_by_caller();
  const PyRef kept_alive = PyRef::borrow(self);
  AsgiStream& stream = *unbox<StreamBox>(self).stream;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  stream.bridge().asgi().on_application_end(gil, stream, end);
  PyErr_Restore(type, value, traceback);
}

PySendResult stream_send_slot(PyObject* self, PyObject* value, PyObject** result) {
  const PyRef application = application_of(self);
  *result = nullptr;
  if (!application) return PYGEN_ERROR;
  const PySendResult sent = PyIter_Send(application.get(), value, result);
  switch (sent) {
    case PYGEN_NEXT:
      break;
    case PYGEN_RETURN:
      report_end(self, AsgiStream::End::returned);
      break;
    case PYGEN_ERROR:
      report_end(self, AsgiStream::End::raised);
      break;
  }
  return sent;
}

PyObject* stream_throw(PyObject* self, PyObject* args) {
  const PyRef application = application_of(self);
  if (!application) return nullptr;
  const PyRef method = attribute(Gil::held_by_caller(), application.get(), "throw");
  if (!method) return nullptr;
  PyObject* const yielded = PyObject_Call(method.get(), args, nullptr);
  if (yielded == nullptr) {
    const bool returned = PyErr_ExceptionMatches(PyExc_StopIteration) != 0;
    report_end(self, returned ? AsgiStream::End::returned : AsgiStream::End::raised);
  }
  return yielded;
}

PyObject* stream_close(PyObject* self, PyObject*) {
  const PyRef application = application_of(self);
  if (!application) return nullptr;
  return PyObject_CallMethod(application.get(), "close", nullptr);
}

// What shows the state of a task: its repr(), get_stack(), asyncio.print_call_graph().
PyObject* application_attribute(PyObject* self, void* name) {
  const PyRef application = application_of(self);
  if (!application) return nullptr;
  return PyObject_GetAttrString(application.get(), static_cast<const char*>(name));
}

// The done-callback of tasks whose coroutine is not the stream, and of those that raised.
PyObject* call_stream(PyObject* self, PyObject* args, PyObject*) {
  PyObject* task = nullptr;
  if (!PyArg_ParseTuple(args, "O", &task)) return nullptr;
  AsgiStream& stream = *unbox<StreamBox>(self).stream;
  stream.bridge().asgi().on_task_done(Gil::held_by_caller(), stream.id(), task);
  return none().release();
}

const Property call_attributes[] = {
    Property::read_by<&template_attribute>("__code__", "__code__"),
    Property::read_by<&template_attribute>("__name__", "__name__"),
    Property::read_by<&template_attribute>("__defaults__", "__defaults__"),
    Property::read_by<&template_attribute>("__kwdefaults__", "__kwdefaults__"),
    Property::read_by<&template_attribute>("__annotations__", "__annotations__"),
};

const Property stream_attributes[] = {
    Property::read_by<&application_attribute>("__name__", "__name__"),
    Property::read_by<&application_attribute>("__qualname__", "__qualname__"),
    Property::read_by<&application_attribute>("cr_await", "cr_await"),
    Property::read_by<&application_attribute>("cr_code", "cr_code"),
    Property::read_by<&application_attribute>("cr_frame", "cr_frame"),
    Property::read_by<&application_attribute>("cr_origin", "cr_origin"),
    Property::read_by<&application_attribute>("cr_running", "cr_running"),
};

const Method stream_methods[] = {
    Method::one_argument<&send_method<&stream_send_slot>>("send"),
    Method::positional<&stream_throw>("throw"),
    Method::no_arguments<&stream_close>("close"),
};

const Method awaitable_methods[] = {
    Method::one_argument<&send_method<&awaitable_send_slot>>("send"),
    Method::positional<&awaitable_throw>("throw"),
    Method::no_arguments<&awaitable_close>("close"),
};

constexpr unsigned int type_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;

// The functions whose attributes `receive` and `send` show.
PyRef make_template_function(const Gil& gil, const char* source, const char* name) {
  const PyRef globals = PyRef::steal(PyDict_New());
  if (!globals) return PyRef();
  const PyRef builtins = PyRef::borrow(PyEval_GetBuiltins());
  if (PyDict_SetItemString(globals.get(), "__builtins__", builtins.get()) != 0) return PyRef();
  const PyRef ran = PyRef::steal(PyRun_String(source, Py_file_input, globals.get(), globals.get()));
  static_cast<void>(gil);
  return ran ? PyRef::borrow(PyDict_GetItemString(globals.get(), name)) : PyRef();
}

}  // namespace

bool AsgiTypes::create(const Gil& gil, PyObject* module, AsgiTypes& types) {
  static PropertyTable call_properties{call_attributes};
  static MethodTable all_awaitable_methods{awaitable_methods};
  types.core = Core::make_type(gil, module);
  static PropertyTable stream_properties{stream_attributes};
  static MethodTable all_stream_methods{stream_methods};
  types.stream = make_box_type<StreamBox>(
      gil, module, "_sioserve.Stream", type_flags,
      with_coroutine_slots<&stream_send_slot>({Slot::function<&call_stream>(Py_tp_call),
                                               Slot::methods(all_stream_methods),
                                               Slot::properties(stream_properties)}));
  types.receive = make_box_type<StreamCall>(gil, module, "_sioserve.Receive", type_flags,
                                            {Slot::properties(call_properties)});
  types.send = make_box_type<StreamCall>(gil, module, "_sioserve.Send", type_flags,
                                         {Slot::properties(call_properties)});
  types.awaitable = make_box_type<Awaitable>(
      gil, module, "_sioserve.Awaitable", type_flags,
      with_coroutine_slots<&awaitable_send_slot>({Slot::methods(all_awaitable_methods)}));
  if (types.awaitable) {
    types.complete = make_awaitable(gil, types.awaitable.get(), PyRef(), AsgiStream::Wait::space);
  }
  types.step_keeper = TaskStarter::make_keeper_type(gil, module);
  types.task_keeper = AllTasks::make_keeper_type(gil, module);
  types.handshake_scope = make_handshake_scope_type(gil, module);
  types.receive_template = make_template_function(gil, "async def receive(): ...\n", "receive");
  types.send_template = make_template_function(gil, "async def send(message): ...\n", "send");
  return types.core && types.stream && types.receive && types.send && types.awaitable &&
         types.complete && types.step_keeper && types.task_keeper && types.handshake_scope &&
         types.receive_template && types.send_template;
}

void AsgiTypes::traverse(Visitor& visit) const {
  for (const PyRef* type : {&core, &stream, &receive, &send, &awaitable, &complete, &step_keeper,
                            &task_keeper, &handshake_scope, &receive_template, &send_template}) {
    visit(*type);
  }
}

PyRef AsgiTypes::make_stream(const Gil& gil, PyRef core_object,
                             std::unique_ptr<AsgiStream> asgi_stream) const {
  return make_object<StreamBox>(gil, reinterpret_cast<PyTypeObject*>(stream.get()),
                                StreamBox{std::move(core_object), std::move(asgi_stream), PyRef()});
}

PyRef AsgiTypes::make_receive(const Gil& gil, const PyRef& stream_object) const {
  return make_object<StreamCall>(gil, reinterpret_cast<PyTypeObject*>(receive.get()),
                                 StreamCall{Vectorcall::function<&call_receive>(), stream_object});
}

PyRef AsgiTypes::make_send(const Gil& gil, const PyRef& stream_object) const {
  return make_object<StreamCall>(gil, reinterpret_cast<PyTypeObject*>(send.get()),
                                 StreamCall{Vectorcall::function<&call_send>(), stream_object});
}

AsgiStream& stream_of(const PyRef& stream_object) {
  return *unbox<StreamBox>(stream_object.get()).stream;
}

void set_application(const PyRef& stream_object, PyRef application) {
  unbox<StreamBox>(stream_object.get()).application = std::move(application);
}

}  // namespace sioserve::bridge

// The Python types behind `scope, receive, send`: the stream itself, the two callables, and what
// they return.
#pragma once

#include <memory>

#include "asgi-bridge/asgi_stream.h"
#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Made once per module, shared by its servers. These types have no constructor in Python.
struct AsgiTypes {
  PyRef core;       // holds a Core
  PyRef stream;     // holds an AsgiStream; the coroutine of its task
  PyRef receive;    // `receive` of a stream
  PyRef send;       // `send` of a stream
  PyRef awaitable;  // what both return: a coroutine in the sense of collections.abc.Coroutine
  PyRef complete;   // an awaitable that is already complete with the result None
  PyRef step_keeper, task_keeper;  // for TaskStarter
  PyRef handshake_scope;           // handshake_scope.h
  // `async def` functions that `receive` and `send` look like to inspect.iscoroutinefunction().
  PyRef receive_template, send_template;

  // Null members with an exception set on failure. `module` keeps no reference to them.
  static bool create(const Gil& gil, PyObject* module, AsgiTypes& types);

  void traverse(Visitor& visit) const;

  // `core`: the object that contains the stream's bridge.
  PyRef make_stream(const Gil& gil, PyRef core, std::unique_ptr<AsgiStream> stream) const;
  PyRef make_receive(const Gil& gil, const PyRef& stream) const;
  PyRef make_send(const Gil& gil, const PyRef& stream) const;
};

// The stream in an object made by make_stream().
AsgiStream& stream_of(const PyRef& stream_object);

// The object is a coroutine that runs `application`, the coroutine of the application's call, and
// tells AsgiCalls of its end. So a task needs no done-callback, which would cost the event loop
// another call.
void set_application(const PyRef& stream_object, PyRef application);

}  // namespace sioserve::bridge

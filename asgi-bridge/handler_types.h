// The Python types for handling Socket.IO events, and the objects that they use.
#pragma once

#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Made once per module, shared by its servers.
struct HandlerTypes {
  PyRef queue;            // handler_queue.h
  PyRef event_calls;      // event_calls.h
  PyRef acknowledgement;  // acknowledgement.h

  PyRef complete;      // an awaitable that is already complete with the result None
  PyRef current_task;  // asyncio.current_task; null before prepare()
  PyRef only_ack;      // the tuple ("ack",)
  PyRef debug_level;   // logging.DEBUG

  // Names of methods and attributes; see python/_sioserve.pyi.
  PyRef ack, acknowledged_twice, begin_database_use, begin_event, between_steps, cancelling, closed,
      consumer, consumers, event_failed, events_done, intercepts_events, run_waits, start_task,
      step_failed, used;

  // False with an exception set. `module` keeps no reference to the types.
  static bool create(const Gil& gil, PyObject* module, PyRef complete, HandlerTypes& types);

  // Imports what only connections need. False with an exception set.
  bool prepare(const Gil& gil);

  void traverse(Visitor& visit) const;
};

}  // namespace sioserve::bridge

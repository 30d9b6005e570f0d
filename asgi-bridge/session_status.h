// The status of an Engine.IO session, for Python.
#pragma once

#include "asgi-bridge/python.h"
#include "server/port/session_status.h"

namespace sioserve::bridge {

// ("polling" or "websocket", seconds of latency or None). Null with an exception set.
inline PyRef to_py_status(const Gil&, const SessionStatus& status) {
  const char* const transport =
      status.transport == SessionTransport::polling ? "polling" : "websocket";
  const PyRef latency =
      status.latency
          ? PyRef::steal(PyFloat_FromDouble(static_cast<double>(status.latency->count()) / 1e6))
          : none();
  return latency ? PyRef::steal(Py_BuildValue("(sO)", transport, latency.get())) : PyRef();
}

}  // namespace sioserve::bridge

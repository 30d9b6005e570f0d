#include "asgi-bridge/tls_methods.h"

#include <utility>

#include "asgi-bridge/core.h"
#include "asgi-bridge/server_object.h"
#include "server/port/messages.h"

namespace sioserve::bridge {
namespace {

PyObject* server_load_certificates(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  if (!core->server || core->phase != Core::Phase::made || !core->port.config().tls.on()) {
    PyErr_SetString(PyExc_RuntimeError, "load_certificates(): there is no TLS, or it is too late");
    return nullptr;
  }
  const auto loaded = core->server->load_certificates();
  if (loaded) return none().release();
  // The message may contain a path that is not UTF-8.
  const PyRef reason = to_py_str(Gil::held_by_caller(), loaded.error());
  if (reason) PyErr_SetObject(PyExc_OSError, reason.get());
  return nullptr;
}

PyObject* server_reload_certificates(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.post(ReloadCertificates{});
  return none().release();
}

}  // namespace

std::span<const Method> tls_methods() {
  static const Method methods[] = {
      Method::no_arguments<&server_load_certificates>("load_certificates"),
      Method::no_arguments<&server_reload_certificates>("reload_certificates"),
  };
  return methods;
}

}  // namespace sioserve::bridge

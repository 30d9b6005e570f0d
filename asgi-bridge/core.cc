#include "asgi-bridge/core.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "asgi-bridge/fork_generation.h"
#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

EventFd::EventFd() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "no eventfd");
}

EventFd::~EventFd() { ::close(fd_); }

void EventFd::set() const { static_cast<void>(::eventfd_write(fd_, 1)); }

void EventFd::clear() const {
  eventfd_t count;
  static_cast<void>(::eventfd_read(fd_, &count));
}

void DestroyServer::operator()(Server* server) const {
  GilRelease release(Gil::held_by_caller());
  delete server;
}

void DestroyProcessPort::operator()(processes::ProcessPort* port) const {
  GilRelease release(Gil::held_by_caller());
  delete port;
}

Core::Core(const Gil& gil, Config config, const AsgiTypes& types, Application application)
    : server(new Server(std::move(config), [this] { wake_up.set(); })),
      port(*server),
      bridge(gil, port, types, std::move(application)),
      process_(fork_generation()) {}

Core::Core(const Gil& gil, Config config, const AsgiTypes& types, Application application,
           PyRef wake_application)
    : loopback(
          std::make_unique<socketio::LoopbackServer>(std::move(config), [this] { call_wake(); })),
      port(*loopback),
      bridge(gil, port, types, std::move(application)),
      wake(std::move(wake_application)),
      phase(Phase::started),
      process_(fork_generation()) {}

Core::Core(const Gil& gil, Config config, const AsgiTypes& types, Application application,
           OfProcess)
    : process(new processes::ProcessPort(std::move(config), [this] { wake_up.set(); })),
      port(*process),
      bridge(gil, port, types, std::move(application)),
      process_(fork_generation()) {}

// What a forked child has inherited goes with the process.
Core::~Core() {
  if (is_in_its_process()) return;
  static_cast<void>(server.release());
  static_cast<void>(process.release());
}

void Core::call_wake() const {
  if (!wake) return;
  const PyRef called = wake;  // the call may release the server
  const PyRef woken = PyRef::steal(PyObject_CallNoArgs(called.get()));
  if (!woken) PyErr_WriteUnraisable(called.get());
}

PyRef Core::make_type(const Gil& gil, PyObject* module) {
  return make_box_type<Core>(gil, module, "_sioserve.Core",
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, {});
}

PyRef Core::make(const Gil& gil, const AsgiTypes& types, Config config, Application application) {
  return owned(make_object<Core>(gil, reinterpret_cast<PyTypeObject*>(types.core.get()), gil,
                                 std::move(config), types, std::move(application)));
}

PyRef Core::make_loopback(const Gil& gil, const AsgiTypes& types, Config config,
                          Application application, PyRef wake) {
  PyRef object =
      make_object<Core>(gil, reinterpret_cast<PyTypeObject*>(types.core.get()), gil,
                        std::move(config), types, std::move(application), std::move(wake));
  return owned(std::move(object));
}

PyRef Core::make_process(const Gil& gil, const AsgiTypes& types, Config config,
                         Application application) {
  return owned(make_object<Core>(gil, reinterpret_cast<PyTypeObject*>(types.core.get()), gil,
                                 std::move(config), types, std::move(application), OfProcess()));
}

PyRef Core::owned(PyRef object) {
  if (!object) return PyRef();
  Core& core = unbox<Core>(object.get());
  if (!core.bridge.complete()) return PyRef();
  core.bridge.set_owner(object.get());
  return object;
}

bool Core::is_in_its_process() const { return process_ == fork_generation(); }

void Core::wake_again() {
  if (loopback) {
    loopback->wake();
  } else {
    wake_up.set();
  }
}

void Core::traverse(Visitor& visit) const {
  bridge.traverse(visit);
  visit(wake);
}

// A forked child must not end the tasks and handlers that it inherited from the parent.
void Core::clear(const Gil& gil) {
  if (!is_in_its_process()) return;
  phase = Phase::gone;
  shut_down(gil);
  bridge.clear(gil);
  const PyRef gone = std::exchange(wake, PyRef());
}

void Core::end(const Gil& gil) {
  if (server) {
    GilRelease release(gil);
    server->stop_now();
  }
  if (process) {
    GilRelease release(gil);
    process->stop_now();
  }
}

void Core::shut_down(const Gil& gil) {
  end(gil);
  bridge.release_all(gil);
}

}  // namespace sioserve::bridge

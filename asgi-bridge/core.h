// The implementation of one _sioserve.Server: the server with its thread, or the loopback server
// for tests, the bridge, and the descriptor that wakes the event loop.
#pragma once

#include <memory>

#include "asgi-bridge/asgi_types.h"
#include "asgi-bridge/bridge.h"
#include "asgi-bridge/python.h"
#include "server/base/config.h"
#include "server/processes/process_port.h"
#include "server/server.h"
#include "socketio/loopback/loopback_server.h"

namespace sioserve::bridge {

// A descriptor that an event loop can watch: readable while events are queued.
class EventFd {
 public:
  EventFd();  // throws std::system_error
  ~EventFd();
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;

  int get() const { return fd_; }
  void set() const;
  void clear() const;

 private:
  int fd_;
};

// Releases the GIL, because it waits for work on libuv's thread pool, which a slow disk may delay.
struct DestroyServer {
  void operator()(Server* server) const;
};
using ServerPtr = std::unique_ptr<Server, DestroyServer>;

// Waits for its thread: without the GIL.
struct DestroyProcessPort {
  void operator()(processes::ProcessPort* port) const;
};
using ProcessPortPtr = std::unique_ptr<processes::ProcessPort, DestroyProcessPort>;

// Lives in its own Python object, to which the Server and each of its streams refer: an application
// may keep `receive` and `send`, and its tasks may continue, after the Server object is freed.
// Freeing the Server ends the thread with shut_down(); the last reference frees the rest.
class Core {
 public:
  Core(const Gil& gil, Config config, const AsgiTypes& types, Application application);
  // With a LoopbackServer. It calls `wake_application`.
  Core(const Gil& gil, Config config, const AsgiTypes& types, Application application,
       PyRef wake_application);
  // With the port of a Python process that another process serves.
  struct OfProcess {};
  Core(const Gil& gil, Config config, const AsgiTypes& types, Application application, OfProcess);
  ~Core();

  // Null with an exception set on failure.
  static PyRef make_type(const Gil& gil, PyObject* module);
  static PyRef make(const Gil& gil, const AsgiTypes& types, Config config, Application application);
  static PyRef make_loopback(const Gil& gil, const AsgiTypes& types, Config config,
                             Application application, PyRef wake);
  static PyRef make_process(const Gil& gil, const AsgiTypes& types, Config config,
                            Application application);

  // `gone`: the garbage collector has found that the object is unreachable.
  enum class Phase { made, started, gone };

  // False in a child made by fork(), which does not have the thread.
  bool is_in_its_process() const;
  // Wakes the event loop again, to handle the remaining events.
  void wake_again();
  // Waits for the I/O thread, which sends what it has for other servers before.
  void end(const Gil& gil);
  // The same; then releases every task and stream.
  void shut_down(const Gil& gil);

  void traverse(Visitor& visit) const;
  void clear(const Gil& gil);

  // Order matters: the server's thread uses the descriptor, the bridge the server.
  EventFd wake_up;
  ServerPtr server;                                    // or null
  std::unique_ptr<socketio::LoopbackServer> loopback;  // or null
  ProcessPortPtr process;                              // or null
  Port& port;                                          // that of the one that is there
  Bridge bridge;
  PyRef wake;  // the callable that a LoopbackServer calls, or null
  Phase phase = Phase::made;

 private:
  static PyRef owned(PyRef object);
  void call_wake() const;

  unsigned process_;
};

}  // namespace sioserve::bridge

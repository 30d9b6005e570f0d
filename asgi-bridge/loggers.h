// Python's loggers, one for each category of log records (docs/logging.md).
#pragma once

#include <array>

#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"
#include "server/port/messages.h"

namespace sioserve::bridge {

// Lives on the application thread.
class Loggers {
 public:
  explicit Loggers(const Gil& gil);

  // False if memory ran out; an exception is set.
  bool complete() const;
  void traverse(Visitor& visit) const;

  // Both set `request_id`, a context variable, to the id of the record's request meanwhile. An
  // exception is left set. Debug lines of Socket.IO go to the logger through `dispatcher`, unless
  // it is None.
  void log(const Gil& gil, const PyRef& request_id, const PyRef& dispatcher,
           const LogRecord& record) const;
  void log(const Gil& gil, const PyRef& request_id, const AccessEntry& entry) const;

  // Logs to the error logger. Exceptions of the logging module are reported as unraisable.
  void error(const Gil& gil, const char* message) const;
  // `error`: an exception object, logged with its traceback.
  void exception(const Gil& gil, const char* message, PyObject* error) const;

 private:
  const PyRef& logger_of(LogCategory category) const;

  std::array<PyRef, log_category_names.size()> loggers_;
};

}  // namespace sioserve::bridge

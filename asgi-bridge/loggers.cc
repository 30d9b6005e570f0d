#include "asgi-bridge/loggers.h"

#include <algorithm>
#include <cstddef>

#include "asgi-bridge/access_entry.h"
#include "asgi-bridge/request_context.h"

namespace sioserve::bridge {
namespace {

bool is_socketio(LogCategory category) {
  switch (category) {
    case LogCategory::engineio:
    case LogCategory::socketio:
      return true;
    case LogCategory::server:
    case LogCategory::access:
      return false;
  }
  __builtin_unreachable();
}

}  // namespace

Loggers::Loggers(const Gil& gil) {
  const PyRef get_logger = import_attribute(gil, "logging", "getLogger");
  if (!get_logger) return;
  for (std::size_t i = 0; i < log_category_names.size(); ++i) {
    loggers_[i] = PyRef::steal(PyObject_CallFunction(get_logger.get(), "s", log_category_names[i]));
    if (!loggers_[i]) return;
  }
}

bool Loggers::complete() const {
  return std::all_of(loggers_.begin(), loggers_.end(),
                     [](const PyRef& logger) { return static_cast<bool>(logger); });
}

void Loggers::traverse(Visitor& visit) const {
  for (const PyRef& logger : loggers_) visit(logger);
}

const PyRef& Loggers::logger_of(LogCategory category) const {
  return loggers_[static_cast<std::size_t>(category)];
}

void Loggers::log(const Gil& gil, const PyRef& request_id, const PyRef& dispatcher,
                  const LogRecord& record) const {
  const RequestIdScope in_request(
      gil, request_id, record.request_id.empty() ? PyRef() : to_py_str(gil, record.request_id));
  const PyRef message = to_py_str(gil, record.message);
  if (!message) return;
  if (record.level == LogLevel::debug && is_socketio(record.category) &&
      dispatcher.get() != Py_None) {
    PyRef::steal(PyObject_CallMethod(dispatcher.get(), "log_debug", "OO",
                                     logger_of(record.category).get(), message.get()));
    return;
  }
  PyRef::steal(PyObject_CallMethod(logger_of(record.category).get(), "log", "isO",
                                   static_cast<int>(record.level), "%s", message.get()));
}

void Loggers::log(const Gil& gil, const PyRef& request_id, const AccessEntry& entry) const {
  const RequestIdScope in_request(gil, request_id, to_py_str(gil, entry.record.head->request_id));
  log_access(gil, logger_of(LogCategory::access), entry);
}

void Loggers::error(const Gil&, const char* message) const {
  const PyRef& logger = loggers_.front();
  PyRef::steal(PyObject_CallMethod(logger.get(), "error", "s", message));
  if (PyErr_Occurred()) PyErr_WriteUnraisable(logger.get());
}

void Loggers::exception(const Gil&, const char* message, PyObject* error) const {
  const PyRef& logger = loggers_.front();
  const PyRef log = PyRef::steal(PyObject_GetAttrString(logger.get(), "error"));
  const PyRef args = PyRef::steal(Py_BuildValue("(s)", message));
  const PyRef kwargs = PyRef::steal(Py_BuildValue("{s:O}", "exc_info", error));
  if (log && args && kwargs) PyRef::steal(PyObject_Call(log.get(), args.get(), kwargs.get()));
  if (PyErr_Occurred()) PyErr_WriteUnraisable(logger.get());
}

}  // namespace sioserve::bridge

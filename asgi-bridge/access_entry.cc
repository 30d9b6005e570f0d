#include "asgi-bridge/access_entry.h"

#include <string>

#include "server/access_log/atoms.h"

namespace sioserve::bridge {
namespace {

constexpr int info = 20;

// None for an empty text. Bytes that are not UTF-8 become U+FFFD.
PyRef text_or_none(const Gil& gil, std::string_view text) {
  return text.empty() ? none() : to_py_str(gil, text);
}

PyRef number_or_none(const Gil& gil, std::uint64_t number) {
  return number == 0 ? none() : to_py_int(gil, number);
}

PyRef attributes_of(const Gil& gil, const AccessRecord& record) {
  const auto header = [&](std::string_view name) {
    return text_or_none(gil, find_header(record.head->headers, name).value_or(""));
  };
  const TraceContext trace = access_log::trace_of(record);
  const auto port = record.endpoints ? record.endpoints->client.port : 0;
  const struct {
    const char* name;
    PyRef value;
  } attributes[] = {
      {"event", to_py_str(gil, access_log::event_name(record.event))},
      {"client", text_or_none(gil, record.endpoints ? record.endpoints->client.host : "")},
      {"client_port", number_or_none(gil, static_cast<std::uint64_t>(port))},
      {"method", text_or_none(gil, record.head->method)},
      {"target", text_or_none(gil, access_log::target_of(record))},
      {"protocol", text_or_none(gil, access_log::protocol_of(record))},
      {"scheme", to_py_str(gil, access_log::scheme_of(record))},
      {"host", header("host")},
      {"status", number_or_none(gil, record.status)},
      {"bytes", to_py_int(gil, record.response_bytes)},
      {"duration_us", to_py_int(gil, static_cast<std::uint64_t>(record.duration.count()))},
      {"thread_wait_us", to_py_int(gil, static_cast<std::uint64_t>(record.thread_wait.count()))},
      {"complete", PyRef::borrow(record.complete ? Py_True : Py_False)},
      {"close_code", number_or_none(gil, record.close_code)},
      {"referer", header("referer")},
      {"user_agent", header("user-agent")},
      {"trace_id", text_or_none(gil, trace.trace_id)},
      {"span_id", text_or_none(gil, trace.span_id)},
  };
  PyRef dict = PyRef::steal(PyDict_New());
  for (const auto& [name, value] : attributes) {
    if (!dict || !value || PyDict_SetItemString(dict.get(), name, value.get()) != 0) return PyRef();
  }
  return dict;
}

}  // namespace

void log_access(const Gil& gil, const PyRef& logger, const AccessEntry& entry) {
  const PyRef log = attribute(gil, logger.get(), "log");
  const PyRef line = to_py_str(gil, entry.line);
  const PyRef extra = attributes_of(gil, entry.record);
  if (!log || !line || !extra) return;
  const PyRef args = PyRef::steal(Py_BuildValue("(isO)", info, "%s", line.get()));
  const PyRef kwargs = PyRef::steal(Py_BuildValue("{s:O}", "extra", extra.get()));
  if (args && kwargs) PyRef::steal(PyObject_Call(log.get(), args.get(), kwargs.get()));
}

}  // namespace sioserve::bridge

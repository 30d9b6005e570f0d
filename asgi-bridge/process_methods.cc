#include "asgi-bridge/process_methods.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "asgi-bridge/arguments.h"
#include "asgi-bridge/core.h"
#include "asgi-bridge/server_object.h"

namespace sioserve::bridge {
namespace {

// The core of the I/O process; null with an exception set for any other.
Core* managing_core_of(PyObject* self) {
  Core* core = core_of(self);
  if (core == nullptr || (core->server && core->port.config().python_processes)) return core;
  PyErr_SetString(PyExc_RuntimeError, "the application runs in the server's own process");
  return nullptr;
}

// Takes the descriptor over.
PyObject* server_add_process(PyObject* self, PyObject* args) {
  PyObject *argument, *place_argument = nullptr;
  const char* name;
  int fd = 0;
  std::uint64_t place = 0;
  if (!PyArg_ParseTuple(args, "Os|O:add_process", &argument, &name, &place_argument) ||
      !read_number(argument, "fd", fd) ||
      (place_argument != nullptr && !read_number(place_argument, "place", place))) {
    return nullptr;
  }
  Core* core = managing_core_of(self);
  if (core == nullptr) return nullptr;
  const std::uint32_t number = core->server->add_process(FileDescriptor(fd), name, place);
  return to_py_int(Gil::held_by_caller(), number).release();
}

bool read_reason(std::string_view text, MoveReason& why) {
  if (text == "reload") {
    why = MoveReason::reload;
  } else if (text == "recycling") {
    why = MoveReason::recycling;
  } else {
    PyErr_SetString(PyExc_ValueError, "why: must be reload or recycling");
    return false;
  }
  return true;
}

PyObject* server_retire_processes(PyObject* self, PyObject* args) {
  PyObject* numbers;
  const char* why;
  RetireProcesses command{};
  if (!PyArg_ParseTuple(args, "Os:retire_processes", &numbers, &why) ||
      !read_reason(why, command.why)) {
    return nullptr;
  }
  const PyRef iterator = PyRef::steal(PyObject_GetIter(numbers));
  if (!iterator) return nullptr;
  while (const PyRef item = PyRef::steal(PyIter_Next(iterator.get()))) {
    if (!read_number(item.get(), "number", command.processes.emplace_back())) return nullptr;
  }
  if (PyErr_Occurred()) return nullptr;
  Core* core = managing_core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.post(std::move(command));
  return none().release();
}

PyObject* server_end_process(PyObject* self, PyObject* number) {
  EndProcess command{};
  if (!read_number(number, "number", command.process)) return nullptr;
  Core* core = managing_core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.post(command);
  return none().release();
}

PyRef to_py_dict(const ProcessStatus& status) {
  return PyRef::steal(
      Py_BuildValue("{sK sO sK sK sK sK sK sL sL}", "number", status.process, "is_retiring",
                    status.is_retiring ? Py_True : Py_False, "requests", status.requests,
                    "requests_total", status.requests_total, "connections_total",
                    status.connections_total, "websockets", status.websockets, "sessions",
                    status.sessions, "delay_ms", static_cast<long long>(status.delay.count()),
                    "silent_ms", static_cast<long long>(status.silent.count())));
}

PyObject* server_process_status(PyObject* self, PyObject*) {
  Core* core = managing_core_of(self);
  if (core == nullptr) return nullptr;
  PyRef list = PyRef::steal(PyList_New(0));
  for (const ProcessStatus& status : core->bridge.ask(Gil::held_by_caller(), ProcessesAsked{})) {
    const PyRef item = to_py_dict(status);
    if (!list || !item || PyList_Append(list.get(), item.get()) != 0) return nullptr;
  }
  return list.release();
}

struct Figure {
  const char* name;
  std::uint64_t ProcessFigures::*number;
};
constexpr Figure figures[] = {
    {"resident_bytes", &ProcessFigures::resident_bytes},
    {"threads_limit", &ProcessFigures::threads_limit},
    {"threads_busy", &ProcessFigures::threads_busy},
    {"threads_borrowed", &ProcessFigures::threads_borrowed},
    {"threads_queued", &ProcessFigures::threads_queued},
    {"threads_refused", &ProcessFigures::threads_refused},
};

struct DurationFigure {
  const char* name;
  std::chrono::microseconds ProcessFigures::*duration;
};
constexpr DurationFigure duration_figures[] = {
    {"loop_delay_us", &ProcessFigures::loop_delay},
    {"gil_wait_us", &ProcessFigures::gil_wait},
    {"cpu_time_us", &ProcessFigures::cpu_time},
    {"gc_time_us", &ProcessFigures::gc_time},
    {"threads_oldest_wait_us", &ProcessFigures::threads_oldest_wait},
};
constexpr std::uint64_t longest_duration = 1'000'000ULL * 60 * 60 * 24 * 365 * 100;  // a century

bool read_figure(PyObject* given, const char* name, std::uint64_t max, std::uint64_t& number) {
  PyObject* const value = PyDict_GetItemString(given, name);
  if (value != nullptr) return read_number(value, name, number, max);
  PyErr_SetString(PyExc_KeyError, name);
  return false;
}

PyObject* server_report_figures(PyObject* self, PyObject* given) {
  if (!PyDict_Check(given)) {
    PyErr_SetString(PyExc_TypeError, "report_figures() needs a dict");
    return nullptr;
  }
  ProcessFigures command;
  for (const auto& [name, number] : figures) {
    if (!read_figure(given, name, std::numeric_limits<std::uint64_t>::max(), command.*number)) {
      return nullptr;
    }
  }
  for (const auto& [name, duration] : duration_figures) {
    std::uint64_t microseconds = 0;
    if (!read_figure(given, name, longest_duration, microseconds)) return nullptr;
    command.*duration = std::chrono::microseconds(microseconds);
  }
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.post(command);
  return none().release();
}

template <typename Command>
PyObject* keep_state(PyObject* self, PyObject* args) {
  PyObject *id, *state;
  if (!PyArg_ParseTuple(args, "OU", &id, &state)) return nullptr;
  Command command{};
  bool is_read = read_text(state, command.state);
  if constexpr (std::is_same_v<Command, KeepSession>) {
    is_read = is_read && read_id(id, "session", command.session);
  } else {
    is_read = is_read && read_id(id, "socket", command.socket);
  }
  Core* core = core_of(self);
  if (!is_read || core == nullptr) return nullptr;
  core->bridge.post(std::move(command));
  return none().release();
}

template <typename Command>
PyObject* post_for_session(PyObject* self, PyObject* session) {
  Command command{};
  Core* core = core_of(self);
  if (core == nullptr || !read_id(session, "session", command.session)) return nullptr;
  core->bridge.post(command);
  return none().release();
}

}  // namespace

std::span<const Method> process_methods() {
  static const Method methods[] = {
      Method::positional<&keep_state<KeepSession>>("keep_session"),
      Method::positional<&keep_state<KeepSocket>>("keep_socket"),
      Method::one_argument<&post_for_session<LetSessionGo>>("let_session_go"),
      Method::one_argument<&post_for_session<GiveUpSession>>("give_up_session"),
      Method::one_argument<&server_report_figures>("report_figures"),
      Method::positional<&server_add_process>("add_process"),
      Method::positional<&server_retire_processes>("retire_processes"),
      Method::one_argument<&server_end_process>("end_process"),
      Method::no_arguments<&server_process_status>("process_status"),
  };
  return methods;
}

}  // namespace sioserve::bridge

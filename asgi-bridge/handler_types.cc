#include "asgi-bridge/handler_types.h"

#include <utility>

#include "asgi-bridge/acknowledgement.h"
#include "asgi-bridge/event_calls.h"
#include "asgi-bridge/handler_queue.h"

namespace sioserve::bridge {
namespace {

struct Entry {
  PyRef HandlerTypes::*member;
  const char* text;
};

constexpr Entry names_of_types[] = {
    {&HandlerTypes::ack, "ack"},
    {&HandlerTypes::acknowledged_twice, "acknowledged_twice"},
    {&HandlerTypes::begin_database_use, "begin_database_use"},
    {&HandlerTypes::begin_event, "begin_event"},
    {&HandlerTypes::between_steps, "between_steps"},
    // Before Python 3.11, tasks do not count their cancellations.
    {&HandlerTypes::cancelling, PY_VERSION_HEX >= 0x030B0000 ? "cancelling" : "_must_cancel"},
    {&HandlerTypes::closed, "closed"},
    {&HandlerTypes::consumer, "consumer"},
    {&HandlerTypes::consumers, "consumers"},
    {&HandlerTypes::event_failed, "event_failed"},
    {&HandlerTypes::events_done, "events_done"},
    {&HandlerTypes::intercepts_events, "intercepts_events"},
    {&HandlerTypes::run_waits, "run_waits"},
    {&HandlerTypes::start_task, "start_task"},
    {&HandlerTypes::step_failed, "step_failed"},
    {&HandlerTypes::used, "used"},
};

}  // namespace

bool HandlerTypes::create(const Gil& gil, PyObject* module, PyRef complete, HandlerTypes& types) {
  types.complete = std::move(complete);
  for (const auto& [member, text] : names_of_types) {
    types.*member = PyRef::steal(PyUnicode_InternFromString(text));
    if (!(types.*member)) return false;
  }
  types.debug_level = PyRef::steal(PyLong_FromLong(10));
  types.only_ack = PyRef::steal(PyTuple_Pack(1, types.ack.get()));
  types.queue = make_handler_queue_type(gil, module);
  types.event_calls = make_event_calls_type(gil, module);
  types.acknowledgement = make_acknowledgement_type(gil, module);
  for (const auto& [name, type] :
       {std::pair("HandlerQueue", &types.queue), std::pair("EventCalls", &types.event_calls),
        std::pair("Acknowledgement", &types.acknowledgement)}) {
    if (!*type || PyModule_AddObjectRef(module, name, type->get()) != 0) return false;
  }
  return types.debug_level && types.only_ack;
}

bool HandlerTypes::prepare(const Gil& gil) {
  if (current_task) return true;
  current_task = import_attribute(gil, "asyncio", "current_task");
  return current_task && mark_as_coroutine_functions(gil, acknowledgement);
}

// The names are left out: they are str.
void HandlerTypes::traverse(Visitor& visit) const {
  for (const PyRef* object :
       {&queue, &event_calls, &acknowledgement, &complete, &current_task, &only_ack}) {
    visit(*object);
  }
}

}  // namespace sioserve::bridge

#include "asgi-bridge/relays.h"

#include <string>
#include <string_view>
#include <utility>

#include "asgi-bridge/arguments.h"

namespace sioserve::bridge {
namespace {

// False with an exception set.
bool read_target(std::string_view name, PyObject* rooms, Relay& relay) {
  if (name == "own") {
    relay.to = Relay::To::own_rooms;
  } else if (name == "namespace") {
    relay.to = Relay::To::name_space;
  } else if (name == "rooms") {
    relay.to = Relay::To::rooms;
  } else {
    PyErr_SetString(PyExc_ValueError, "a relay goes to own, namespace or rooms");
    return false;
  }
  const PyRef list = PyRef::steal(PySequence_Fast(rooms, "a sequence of rooms is needed"));
  if (!list) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    Py_ssize_t size = 0;
    const char* room = PyUnicode_AsUTF8AndSize(PySequence_Fast_GET_ITEM(list.get(), i), &size);
    if (room == nullptr) return false;
    relay.rooms.emplace_back(room, static_cast<std::size_t>(size));
  }
  return true;
}

// False with an exception set.
bool read_rule(PyObject* rule, Relays& relays) {
  const char *event, *target;
  Py_ssize_t event_size;
  int droppable, include_sender;
  PyObject *rooms, *max_bytes, *rate;
  if (!PyArg_ParseTuple(rule, "s#sOppOO:make_relays", &event, &event_size, &target, &rooms,
                        &droppable, &include_sender, &max_bytes, &rate)) {
    return false;
  }
  Relay relay;
  if (!read_target(target, rooms, relay) || !read_number(max_bytes, "max_bytes", relay.max_bytes) ||
      !read_number(rate, "rate", relay.rate)) {
    return false;
  }
  if (droppable != 0) relay.delivery = Delivery::droppable;
  if (include_sender != 0) relay.sender = Relay::Sender::included;
  relays.insert_or_assign(std::string(event, static_cast<std::size_t>(event_size)),
                          std::move(relay));
  return true;
}

}  // namespace

std::optional<Relays> read_relays(PyObject* rules) {
  const PyRef list = PyRef::steal(PySequence_Fast(rules, "a sequence of relays is needed"));
  if (!list) return std::nullopt;
  Relays relays;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    if (!read_rule(PySequence_Fast_GET_ITEM(list.get(), i), relays)) return std::nullopt;
  }
  return relays;
}

}  // namespace sioserve::bridge

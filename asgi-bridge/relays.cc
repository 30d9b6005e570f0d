#include "asgi-bridge/relays.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "asgi-bridge/arguments.h"
#include "asgi-bridge/guard.h"

namespace sioserve::bridge {
namespace {

constexpr const char* capsule_name = "_sioserve.Relays";

void delete_relays(PyObject* capsule) {
  delete static_cast<SharedRelays*>(PyCapsule_GetPointer(capsule, capsule_name));
}

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

PyRef make_relays(const Gil&, PyObject* rules) {
  const PyRef list = PyRef::steal(PySequence_Fast(rules, "a sequence of relays is needed"));
  if (!list) return PyRef();
  auto relays = std::make_shared<Relays>();
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    if (!read_rule(PySequence_Fast_GET_ITEM(list.get(), i), *relays)) return PyRef();
  }
  auto shared = std::make_unique<SharedRelays>(std::move(relays));
  PyRef capsule = PyRef::steal(PyCapsule_New(shared.get(), capsule_name, guarded<&delete_relays>));
  if (capsule) static_cast<void>(shared.release());
  return capsule;
}

SharedRelays* relays_in(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, capsule_name)) {
    PyErr_SetString(PyExc_TypeError, "relays are made with make_relays()");
    return nullptr;
  }
  return static_cast<SharedRelays*>(PyCapsule_GetPointer(capsule, capsule_name));
}

}  // namespace sioserve::bridge

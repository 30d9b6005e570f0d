#include "asgi-bridge/socketio_questions.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asgi-bridge/arguments.h"
#include "asgi-bridge/core.h"
#include "asgi-bridge/server_object.h"
#include "asgi-bridge/session_status.h"

namespace sioserve::bridge {
namespace {

// Null with an exception set.
PyRef to_py_set(const Gil& gil, const std::vector<std::string>& texts) {
  PyRef set = PyRef::steal(PySet_New(nullptr));
  for (const std::string& text : texts) {
    const PyRef item = to_py_str(gil, text);
    if (!set || !item || PySet_Add(set.get(), item.get()) != 0) return PyRef();
  }
  return set;
}

PyObject* server_rooms_of(PyObject* self, PyObject* argument) {
  Core* core = core_of(self);
  RoomsOfSocket question{};
  if (core == nullptr || !read_id(argument, "socket", question.socket)) return nullptr;
  const Gil gil = Gil::held_by_caller();
  return to_py_set(gil, core->bridge.ask(gil, question)).release();
}

PyObject* server_membership(PyObject* self, PyObject* args) {
  PyObject *socket, *room;
  if (!PyArg_ParseTuple(args, "OU:membership", &socket, &room)) return nullptr;
  Core* core = core_of(self);
  Membership question{};
  if (core == nullptr || !read_id(socket, "socket", question.socket) ||
      !read_text(room, question.room)) {
    return nullptr;
  }
  const RoomCount count = core->bridge.ask(Gil::held_by_caller(), std::move(question));
  return Py_BuildValue("(nO)", static_cast<Py_ssize_t>(count.rooms),
                       count.is_member ? Py_True : Py_False);
}

PyObject* server_sockets_in(PyObject* self, PyObject* args) {
  PyObject *name_space, *rooms = nullptr, *except_rooms = nullptr;
  if (!PyArg_ParseTuple(args, "U|OO:sockets_in", &name_space, &rooms, &except_rooms)) {
    return nullptr;
  }
  Core* core = core_of(self);
  SocketsIn question;
  if (core == nullptr || !read_text(name_space, question.name_space) ||
      !read_strings(rooms, question.rooms) || !read_strings(except_rooms, question.except_rooms)) {
    return nullptr;
  }
  const Gil gil = Gil::held_by_caller();
  const std::vector<SocketId> sockets = core->bridge.ask(gil, std::move(question));
  PyRef list = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(sockets.size())));
  if (!list) return nullptr;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    PyRef number = to_py_int(gil, static_cast<std::uint64_t>(sockets[i]));
    if (!number) return nullptr;
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), number.release());
  }
  return list.release();
}

PyObject* server_namespace_rooms(PyObject* self, PyObject* name) {
  Core* core = core_of(self);
  RoomsOfNamespace question;
  if (core == nullptr || !read_text(name, question.name_space)) return nullptr;
  const Gil gil = Gil::held_by_caller();
  const auto rooms = core->bridge.ask(gil, std::move(question));
  PyRef found = PyRef::steal(PyDict_New());
  for (const RoomMembers& room : rooms) {
    const PyRef key = to_py_str(gil, room.room), ids = to_py_set(gil, room.ids);
    if (!found || !key || !ids || PyDict_SetItem(found.get(), key.get(), ids.get()) != 0) {
      return nullptr;
    }
  }
  return found.release();
}

// The name of the event in the reference server's adapter.
const char* name_of(RoomChange::Kind kind) {
  switch (kind) {
    case RoomChange::Kind::created:
      return "create-room";
    case RoomChange::Kind::joined:
      return "join-room";
    case RoomChange::Kind::left:
      return "leave-room";
    case RoomChange::Kind::deleted:
      return "delete-room";
  }
  __builtin_unreachable();
}

PyObject* server_take_room_changes(PyObject* self, PyObject* name) {
  Core* core = core_of(self);
  RoomChanges question;
  if (core == nullptr || !read_text(name, question.name_space)) return nullptr;
  const Gil gil = Gil::held_by_caller();
  const auto made = core->bridge.ask(gil, std::move(question));
  PyRef list = PyRef::steal(PyList_New(0));
  for (const RoomChange& change : made) {
    const PyRef room = to_py_str(gil, change.room), id = to_py_str(gil, change.id);
    if (!list || !room || !id) return nullptr;
    const PyRef item =
        PyRef::steal(Py_BuildValue("(sOO)", name_of(change.kind), room.get(), id.get()));
    if (!item || PyList_Append(list.get(), item.get()) != 0) return nullptr;
  }
  return list.release();
}

PyObject* server_session_status(PyObject* self, PyObject* number) {
  Core* core = core_of(self);
  SessionStatusAsked question{};
  if (core == nullptr || !read_id(number, "session", question.session)) return nullptr;
  const Gil gil = Gil::held_by_caller();
  const auto status = core->bridge.ask(gil, question);
  return (status ? to_py_status(gil, *status) : none()).release();
}

PyObject* server_other_processes(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  const Gil gil = Gil::held_by_caller();
  const ProcessNumbers others = core->bridge.ask(gil, OtherProcesses{});
  PyRef list = PyRef::steal(PyList_New(0));
  for (const std::uint64_t number : others.numbers) {
    const PyRef item = to_py_int(gil, number);
    if (!list || !item || PyList_Append(list.get(), item.get()) != 0) return nullptr;
  }
  return list.release();
}

PyObject* server_socket_count(PyObject* self, PyObject* name) {
  Core* core = core_of(self);
  SocketCount question;
  if (core == nullptr || !read_text(name, question.name_space)) return nullptr;
  const Gil gil = Gil::held_by_caller();
  return to_py_int(gil, core->bridge.ask(gil, std::move(question)).number).release();
}

PyObject* server_is_client_id(PyObject* self, PyObject* args) {
  PyObject *name_space, *id;
  if (!PyArg_ParseTuple(args, "UU:is_client_id", &name_space, &id)) return nullptr;
  Core* core = core_of(self);
  ClientIdInUse question;
  if (core == nullptr || !read_text(name_space, question.name_space) ||
      !read_text(id, question.id)) {
    return nullptr;
  }
  const Gil gil = Gil::held_by_caller();
  return PyBool_FromLong(core->bridge.ask(gil, std::move(question)).number > 0 ? 1 : 0);
}

PyObject* server_namespaces_in_use(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  const Gil gil = Gil::held_by_caller();
  PyRef found = PyRef::steal(PyDict_New());
  for (const NamespaceUse& one : core->bridge.ask(gil, NamespacesInUse{})) {
    const PyRef name = to_py_str(gil, one.name), connected = to_py_int(gil, one.connected);
    if (!found || !name || !connected ||
        PyDict_SetItem(found.get(), name.get(), connected.get()) != 0) {
      return nullptr;
    }
  }
  return found.release();
}

PyObject* server_client_count(PyObject* self, PyObject*) {
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  const Gil gil = Gil::held_by_caller();
  return to_py_int(gil, core->bridge.ask(gil, ClientCount{}).number).release();
}

}  // namespace

std::span<const Method> socketio_questions() {
  static const Method methods[] = {
      Method::one_argument<&server_socket_count>("socket_count"),
      Method::positional<&server_is_client_id>("is_client_id"),
      Method::no_arguments<&server_namespaces_in_use>("namespaces_in_use"),
      Method::no_arguments<&server_client_count>("client_count"),
      Method::no_arguments<&server_other_processes>("other_processes"),
      Method::one_argument<&server_rooms_of>("rooms_of"),
      Method::positional<&server_membership>("membership"),
      Method::positional<&server_sockets_in>("sockets_in"),
      Method::one_argument<&server_namespace_rooms>("namespace_rooms"),
      Method::one_argument<&server_take_room_changes>("take_room_changes"),
      Method::one_argument<&server_session_status>("session_status"),
  };
  return methods;
}

}  // namespace sioserve::bridge

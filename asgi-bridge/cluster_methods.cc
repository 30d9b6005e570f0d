#include "asgi-bridge/cluster_methods.h"

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "asgi-bridge/arguments.h"
#include "asgi-bridge/cluster_topics.h"
#include "asgi-bridge/core.h"
#include "asgi-bridge/json.h"
#include "asgi-bridge/server_object.h"

namespace sioserve::bridge {
namespace {

// By SocketChange.
constexpr std::array changes = {"join", "leave", "disconnect", "close_session"};

template <typename Names, typename Value>
bool read_name(const Names& names, const char* argument, const std::string& text, Value& value) {
  for (std::size_t index = 0; index < names.size(); ++index) {
    if (text == names[index]) {
      value = static_cast<Value>(index);
      return true;
    }
  }
  PyErr_Format(PyExc_ValueError, "%s: unknown: %s", argument, text.c_str());
  return false;
}

PyObject* server_change_sockets(PyObject* self, PyObject* args) {
  const char* change;
  PyObject *name_space, *rooms, *except_rooms, *changed_rooms;
  ChangeSockets command{};
  if (!PyArg_ParseTuple(args, "sUOOO:change_sockets", &change, &name_space, &rooms, &except_rooms,
                        &changed_rooms) ||
      !read_name(changes, "change", change, command.change) ||
      !read_text(name_space, command.name_space) || !read_strings(rooms, command.rooms) ||
      !read_strings(except_rooms, command.except_rooms) ||
      !read_strings(changed_rooms, command.changed_rooms)) {
    return nullptr;
  }
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  core->bridge.post_paced(Gil::held_by_caller(), std::move(command));
  return none().release();
}

PyObject* server_ask_servers(PyObject* self, PyObject* args) {
  const char* topic;
  PyObject *number, *name_space, *rooms, *except_rooms, *event, *timeout;
  int droppable = 0, compress = 1;
  AskServers command{};
  if (!PyArg_ParseTuple(args, "OsUOOOOpp:ask_servers", &number, &topic, &name_space, &rooms,
                        &except_rooms, &event, &timeout, &droppable, &compress) ||
      !read_number(number, "number", command.number) ||
      !read_name(cluster_topics, "topic", topic, command.topic) ||
      !read_text(name_space, command.name_space) || !read_strings(rooms, command.rooms) ||
      !read_strings(except_rooms, command.except_rooms) ||
      !read_milliseconds(timeout, "timeout_ms", command.timeout)) {
    return nullptr;
  }
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  auto encoded = encode_args(Gil::held_by_caller(), event, core->bridge.json_default());
  if (!encoded) return nullptr;
  command.args = std::move(*encoded);
  if (droppable != 0) command.delivery = Delivery::droppable;
  if (compress == 0) command.compression = Compression::declined;
  core->bridge.post_paced(Gil::held_by_caller(), std::move(command));
  return none().release();
}

PyObject* server_answer_server(PyObject* self, PyObject* args) {
  PyObject *number, *answer;
  AnswerServer command{};
  if (!PyArg_ParseTuple(args, "OO:answer_server", &number, &answer) ||
      !read_number(number, "number", command.number)) {
    return nullptr;
  }
  Core* core = core_of(self);
  if (core == nullptr) return nullptr;
  auto encoded = encode_args(Gil::held_by_caller(), answer, core->bridge.json_default());
  if (!encoded) return nullptr;
  command.args = std::move(*encoded);
  core->bridge.post(std::move(command));
  return none().release();
}

}  // namespace

std::span<const Method> cluster_methods() {
  static const Method methods[] = {
      Method::positional<&server_change_sockets>("change_sockets"),
      Method::positional<&server_ask_servers>("ask_servers"),
      Method::positional<&server_answer_server>("answer_server"),
  };
  return methods;
}

}  // namespace sioserve::bridge

#include "socketio/server/command_faults.h"

#include <string>
#include <variant>

#include "socketio/parser/json_reader.h"
#include "socketio/parser/value_summary.h"

namespace sioserve::socketio {
namespace {

using Kind = parser::ValueSummary::Kind;

std::optional<parser::ValueSummary> summary_of(std::string_view json) {
  parser::ValueBudget any;
  parser::ValueSummary summary;
  parser::JsonReader reader(json, max_sent_depth, any, summary, parser::HugeNumbers::infinite);
  if (!reader.read_text()) return std::nullopt;
  return summary;
}

bool is_array(const EncodedArgs& args) {
  const auto summary = summary_of(args.json);
  return summary && summary->kind() == Kind::array;
}

// The name of an event is a string, or a number as the JavaScript client sends it.
bool is_event(const EncodedArgs& args) {
  const auto summary = summary_of(args.json);
  return summary && summary->kind() == Kind::array && summary->size() > 0 &&
         summary->first_kind() != Kind::array && summary->first_kind() != Kind::object;
}

bool is_object(std::string_view json) {
  const auto summary = summary_of(json);
  return summary && summary->kind() == Kind::object;
}

struct FindFault {
  using Fault = std::optional<std::string_view>;

  Fault operator()(const SocketEmit& command) const { return event_fault(command.args); }
  Fault operator()(const SocketBroadcast& command) const { return event_fault(command.args); }
  Fault operator()(const SocketAck& command) const { return array_fault(command.args); }
  Fault operator()(const AnswerServer& command) const { return array_fault(command.args); }
  Fault operator()(const AskServers& command) const {
    const bool is_emit =
        command.topic == ClusterTopic::broadcast || command.topic == ClusterTopic::server_side_emit;
    return is_emit ? event_fault(command.args) : array_fault(command.args);
  }
  Fault operator()(const SocketRefuse& command) const {
    if (is_object(command.payload)) return std::nullopt;
    return "a refusal whose payload is no JSON object";
  }
  Fault operator()(const SocketJoin& command) const {
    if (command.room.size() <= max_room_name) return std::nullopt;
    return "a room whose name is too long";
  }
  Fault operator()(const AddNamespace& command) const { return namespace_fault(command.name); }
  Fault operator()(const WatchRooms& command) const { return namespace_fault(command.name_space); }
  template <typename Other>
  Fault operator()(const Other&) const {
    return std::nullopt;
  }

 private:
  static Fault namespace_fault(const std::string& name) {
    if (name.size() <= max_namespace_name) return std::nullopt;
    return "a namespace whose name is too long";
  }
  static Fault event_fault(const EncodedArgs& args) {
    if (is_event(args)) return std::nullopt;
    return "an event whose arguments are no JSON array with a name";
  }
  static Fault array_fault(const EncodedArgs& args) {
    if (is_array(args)) return std::nullopt;
    return "arguments that are no JSON array";
  }
};

}  // namespace

std::optional<std::string_view> fault_of(const Command& command) {
  return std::visit([](const auto& group) { return std::visit(FindFault(), group); }, command);
}

}  // namespace sioserve::socketio

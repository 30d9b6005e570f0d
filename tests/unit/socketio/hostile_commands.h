// Commands with values that the bridge would not encode, as a process that was taken over may send.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/port/messages.h"
#include "socketio/server/command_faults.h"

namespace sioserve::socketio {

class HostileCommands {
 public:
  explicit HostileCommands(std::uint32_t seed) : random_(seed) {}

  Command next() {
    const SocketId socket{number()};
    switch (random_() % 14) {
      case 0:
        return SocketIoCommand(SocketEmit{socket, args(), callback(), delivery(), compression()});
      case 1:
      case 2:
        return SocketIoCommand(SocketBroadcast{name_space(), texts(), texts(), args(), delivery(),
                                               compression(), BroadcastScope::all_servers});
      case 3:
        return SocketIoCommand(SocketAck{socket, number(), args()});
      case 4:
        return SocketIoCommand(SocketRefuse{socket, text()});
      case 5:
        return SocketIoCommand(SocketJoin{socket, text()});
      case 6:
        return SocketIoCommand(SocketLeave{socket, text()});
      case 7:
        return SocketIoCommand(SocketAccept{socket, std::nullopt});
      case 8:
        return SocketIoCommand(SocketEventsDone{socket, static_cast<std::size_t>(number())});
      case 9:
        return SocketIoCommand(SocketReleased{socket});
      case 10:
        return SocketIoCommand(WatchRooms{name_space()});
      case 11: {
        AskServers question{number(),     ClusterTopic(random_() % 5),
                            name_space(), texts(),
                            texts(),      args(),
                            delivery(),   compression()};
        question.timeout = Milliseconds(number());
        return ClusterCommand(std::move(question));
      }
      case 12:
        return ClusterCommand(AnswerServer{number(), args()});
      default:
        return ClusterCommand(
            ChangeSockets{SocketChange(random_() % 4), name_space(), texts(), texts(), texts()});
    }
  }

 private:
  std::uint64_t number() {
    static constexpr std::uint64_t far[] = {0, UINT64_MAX, std::uint64_t{1} << 40, 1'000};
    return random_() % 4 == 0 ? far[random_() % std::size(far)] : random_() % 120;
  }
  std::optional<std::uint64_t> callback() {
    return random_() % 2 == 0 ? std::nullopt : std::optional(number());
  }
  Delivery delivery() { return random_() % 2 == 0 ? Delivery::reliable : Delivery::droppable; }
  Compression compression() {
    return random_() % 2 == 0 ? Compression::allowed : Compression::declined;
  }
  std::string name_space() {
    static const std::string known[] = {"/", "/chat", "", "/none", "chat", "/a,b", "\xff"};
    return known[random_() % std::size(known)];
  }
  std::string text() {
    static const std::string pieces[] = {"",
                                         "a",
                                         "room",
                                         "\xff\xfe",
                                         std::string("\0", 1),
                                         "[",
                                         "[]",
                                         "{}",
                                         "null",
                                         "1",
                                         R"("x")",
                                         R"(["name"])",
                                         R"(["name",{"a":[1,2]}])",
                                         R"(["name",{"_placeholder":true,"num":0}])",
                                         R"(["name",{"_placeholder":true,"num":-1}])",
                                         R"([{"_placeholder":true,"num":0}])",
                                         R"([["name"]])",
                                         "[null]",
                                         "[1e999]",
                                         "[1,",
                                         R"(["\ud800"])",
                                         R"({"message":"no"})",
                                         R"({"message":1,"data":[]})",
                                         std::string(5'000, '['),
                                         "[" + std::string(400, '9') + "]"};
    return pieces[random_() % std::size(pieces)];
  }
  std::vector<std::string> texts() {
    std::vector<std::string> made(random_() % 3);
    for (std::string& one : made) one = text();
    return made;
  }
  EncodedArgs args() { return {text(), texts()}; }

  std::mt19937 random_;
};

}  // namespace sioserve::socketio

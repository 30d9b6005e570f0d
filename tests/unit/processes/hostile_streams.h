// HTTP and WebSocket commands that the bridge would not send, or not in this order, as a process
// that was taken over may send them.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/port/messages.h"

namespace sioserve::processes {

// Appears in the commands only behind a line end: where it begins a line, a header was injected.
inline constexpr std::string_view injected = "x-injected";

class HostileStreams {
 public:
  explicit HostileStreams(std::mt19937& random) : random_(random) {}

  // For one of the streams, which may have ended.
  Command next(StreamId stream) {
    switch (random_() % 20) {
      case 0:
      case 1:
      case 2:
        return HttpCommand(HttpRespond{stream, head(), text(), more()});
      case 3:
      case 4:
        return HttpCommand(HttpRespond{stream, std::nullopt, text(), more()});
      case 5:
      case 6:
        return HttpCommand(HttpRespondFile{stream, *head(), file(), more()});
      case 7:
        return HttpCommand(HttpTrailers{stream, headers()});
      case 8:
        return HttpCommand(HttpEarlyHints{stream, {value(), value()}});
      case 9:
        return HttpCommand(HttpBodyConsumed{stream, size()});
      case 10:
        if (random_() % 3 > 0) return next(stream);
        return HttpCommand(HttpFail{stream});
      case 11:
        if (random_() % 3 > 0) return next(stream);
        return HttpCommand(HttpHandOver{stream});
      case 12:
      case 13:
        return WebSocketCommand(
            WebSocketAccept{stream, random_() % 3 == 0 ? value() : "", headers()});
      case 14:
      case 15:
        return WebSocketCommand(WebSocketSend{stream, kind(), text()});
      case 16:
        if (random_() % 2 > 0) return next(stream);
        return WebSocketCommand(
            WebSocketClose{stream, static_cast<std::uint16_t>(random_() % 5'000), text()});
      case 17:
        return WebSocketCommand(WebSocketDeny{
            stream, random_() % 2 == 0 ? std::optional(head()) : std::nullopt, text(), more()});
      case 18:
        return WebSocketCommand(WebSocketConsumed{stream, size()});
      default:
        switch (random_() % 8) {
          case 0:
            return WebSocketCommand(WebSocketFail{stream});
          case 1:
            return WebSocketCommand(WebSocketHandOver{stream});
          default:
            return HandshakeCommand(HandshakeDecision{
                stream, random_() % 2 == 0 ? std::optional(value()) : std::nullopt, headers(),
                headers()});
        }
    }
  }

 private:
  template <typename T, std::size_t count>
  const T& any(const T (&values)[count]) {
    return values[random_() % count];
  }

  bool more() { return random_() % 3 > 0; }
  MessageKind kind() { return random_() % 2 == 0 ? MessageKind::text : MessageKind::binary; }
  std::uint64_t number() {
    static constexpr std::uint64_t known[] = {
        0, 1, 10, 3'000, 5'000, 1'000'000, INT64_MAX, std::uint64_t{INT64_MAX} + 1, UINT64_MAX};
    return any(known);
  }
  std::size_t size() { return static_cast<std::size_t>(number()); }
  std::chrono::microseconds duration() {
    return std::chrono::microseconds(static_cast<std::int64_t>(number()));
  }
  std::string text() {
    static const std::string known[] = {
        "", "", "a", "0123456789", std::string(2'000, 'b'), std::string(70'000, 'c'), "\xff\xfe"};
    return any(known);
  }
  std::string value() {
    static const std::string known[] = {"1",
                                        "1",
                                        "",
                                        " ",
                                        "close",
                                        "chunked",
                                        "10",
                                        "-1",
                                        "18446744073709551615",
                                        "text/event-stream",
                                        "\xff",
                                        std::string("\0", 1),
                                        "a\r\nx-injected: 1",
                                        "a\nx-injected: 1",
                                        std::string(70'000, 'd')};
    if (random_() % 200 == 0) return std::string(1'100'000, 'e');
    return any(known);
  }
  std::string name() {
    static const std::string known[] = {"x-a",
                                        "X-A",
                                        "content-length",
                                        "content-type",
                                        "transfer-encoding",
                                        "connection",
                                        "upgrade",
                                        "date",
                                        "set-cookie",
                                        "sec-websocket-accept",
                                        "te",
                                        "x-a",
                                        "x-b"};
    static const std::string wrong[] = {
        "", "a b", ":status", "\xff", "a\r\nx-injected", std::string("\0", 1)};
    return random_() % 12 == 0 ? any(wrong) : any(known);
  }
  Headers headers() {
    Headers made(random_() % 3);
    for (Header& one : made) one = {name(), value()};
    return made;
  }
  std::optional<ResponseHead> head() {
    static constexpr std::uint16_t known[] = {200, 200, 200, 200, 204, 205, 304, 404,   500,
                                              599, 0,   100, 101, 103, 199, 600, 65'535};
    return ResponseHead{any(known), headers(), duration(), duration(), text()};
  }
  FilePart file() {
    static constexpr const char* known[] = {"/dev/null", "/dev/zero", "/proc/self/exe", "/"};
    const std::string path = any(known);
    return {std::make_shared<const OpenFile>(
                FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), path),
            number(), number()};
  }

  std::mt19937& random_;
};

}  // namespace sioserve::processes

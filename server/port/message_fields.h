// The fields of every struct that crosses the port, in their order. If a field is added to a
// struct, the code does not compile until its number here is changed.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>

#include "server/base/access_record.h"
#include "server/base/http_values.h"
#include "server/port/messages.h"

namespace sioserve::port {

// The number of fields of a struct; 0: none, or not a struct of the port.
template <typename T>
inline constexpr std::size_t field_count = 0;

// --- parts ---
template <>
inline constexpr std::size_t field_count<Header> = 2;
template <>
inline constexpr std::size_t field_count<RequestHead> = 7;
template <>
inline constexpr std::size_t field_count<ResponseHead> = 5;
template <>
inline constexpr std::size_t field_count<Address> = 2;
template <>
inline constexpr std::size_t field_count<TlsDetails> = 5;
template <>
inline constexpr std::size_t field_count<Endpoints> = 5;
template <>
inline constexpr std::size_t field_count<AccessRecord> = 14;
template <>
inline constexpr std::size_t field_count<AccessStages> = 3;
template <>
inline constexpr std::size_t field_count<EncodedArgs> = 2;
template <>
inline constexpr std::size_t field_count<ReceivedValue> = 3;
template <>
inline constexpr std::size_t field_count<Relay> = 6;
template <>
inline constexpr std::size_t field_count<SessionStatus> = 2;

// --- http ---
template <>
inline constexpr std::size_t field_count<HttpRequest> = 5;
template <>
inline constexpr std::size_t field_count<HttpBody> = 3;
template <>
inline constexpr std::size_t field_count<HttpDisconnect> = 1;
template <>
inline constexpr std::size_t field_count<HttpAbandoned> = 1;
template <>
inline constexpr std::size_t field_count<HttpTimedOut> = 1;
template <>
inline constexpr std::size_t field_count<HttpSendCredit> = 2;
template <>
inline constexpr std::size_t field_count<HttpRespond> = 4;
template <>
inline constexpr std::size_t field_count<HttpRespondFile> = 4;
template <>
inline constexpr std::size_t field_count<HttpTrailers> = 2;
template <>
inline constexpr std::size_t field_count<HttpEarlyHints> = 2;
template <>
inline constexpr std::size_t field_count<HttpBodyConsumed> = 2;
template <>
inline constexpr std::size_t field_count<HttpFail> = 1;
template <>
inline constexpr std::size_t field_count<HttpHandOver> = 1;

// --- websocket ---
template <>
inline constexpr std::size_t field_count<WebSocketConnect> = 4;
template <>
inline constexpr std::size_t field_count<WebSocketMessage> = 3;
template <>
inline constexpr std::size_t field_count<WebSocketDisconnect> = 3;
template <>
inline constexpr std::size_t field_count<WebSocketFault> = 3;
template <>
inline constexpr std::size_t field_count<WebSocketSendCredit> = 2;
template <>
inline constexpr std::size_t field_count<WebSocketAccept> = 3;
template <>
inline constexpr std::size_t field_count<WebSocketSend> = 3;
template <>
inline constexpr std::size_t field_count<WebSocketClose> = 3;
template <>
inline constexpr std::size_t field_count<WebSocketDeny> = 4;
template <>
inline constexpr std::size_t field_count<WebSocketFail> = 1;
template <>
inline constexpr std::size_t field_count<WebSocketConsumed> = 2;
template <>
inline constexpr std::size_t field_count<WebSocketHandOver> = 1;

// --- handshakes ---
template <>
inline constexpr std::size_t field_count<HandshakeAsked> = 4;
template <>
inline constexpr std::size_t field_count<HandshakeDecision> = 4;
template <>
inline constexpr std::size_t field_count<RequestRefused> = 5;

// --- Socket.IO ---
template <>
inline constexpr std::size_t field_count<SessionOpened> = 3;
template <>
inline constexpr std::size_t field_count<SessionClosed> = 2;
template <>
inline constexpr std::size_t field_count<SocketConnect> = 7;
template <>
inline constexpr std::size_t field_count<SessionSignalled> = 2;
template <>
inline constexpr std::size_t field_count<SocketEvent> = 3;
template <>
inline constexpr std::size_t field_count<SocketAcknowledged> = 3;
template <>
inline constexpr std::size_t field_count<SocketAcksLost> = 3;
template <>
inline constexpr std::size_t field_count<SocketDisconnect> = 4;
template <>
inline constexpr std::size_t field_count<SocketForgotten> = 1;
template <>
inline constexpr std::size_t field_count<DefineRelays> = 2;
template <>
inline constexpr std::size_t field_count<SocketAccept> = 2;
template <>
inline constexpr std::size_t field_count<SocketRefuse> = 2;
template <>
inline constexpr std::size_t field_count<SocketEmit> = 5;
template <>
inline constexpr std::size_t field_count<SocketBroadcast> = 7;
template <>
inline constexpr std::size_t field_count<SocketAck> = 3;
template <>
inline constexpr std::size_t field_count<SocketEventsDone> = 2;
template <>
inline constexpr std::size_t field_count<SocketJoin> = 2;
template <>
inline constexpr std::size_t field_count<SocketLeave> = 2;
template <>
inline constexpr std::size_t field_count<SocketLeaveAll> = 1;
template <>
inline constexpr std::size_t field_count<SocketClose> = 2;
template <>
inline constexpr std::size_t field_count<SocketWatch> = 2;
template <>
inline constexpr std::size_t field_count<SocketReleased> = 1;
template <>
inline constexpr std::size_t field_count<SessionReleased> = 1;
template <>
inline constexpr std::size_t field_count<WatchRooms> = 1;
template <>
inline constexpr std::size_t field_count<UnwatchRooms> = 1;
template <>
inline constexpr std::size_t field_count<AddNamespace> = 1;

// --- the cluster ---
template <>
inline constexpr std::size_t field_count<AskedByServer> = 6;
template <>
inline constexpr std::size_t field_count<ServersAnswered> = 6;
template <>
inline constexpr std::size_t field_count<ChangeSockets> = 5;
template <>
inline constexpr std::size_t field_count<AskServers> = 9;
template <>
inline constexpr std::size_t field_count<AnswerServer> = 2;

// --- questions ---
template <>
inline constexpr std::size_t field_count<RoomsOfSocket> = 1;
template <>
inline constexpr std::size_t field_count<Membership> = 2;
template <>
inline constexpr std::size_t field_count<SocketsIn> = 3;
template <>
inline constexpr std::size_t field_count<RoomsOfNamespace> = 1;
template <>
inline constexpr std::size_t field_count<SocketCount> = 1;
template <>
inline constexpr std::size_t field_count<ClientIdInUse> = 2;
template <>
inline constexpr std::size_t field_count<NamespaceUse> = 2;
template <>
inline constexpr std::size_t field_count<RoomChanges> = 1;
template <>
inline constexpr std::size_t field_count<SessionStatusAsked> = 1;
template <>
inline constexpr std::size_t field_count<RoomCount> = 2;
template <>
inline constexpr std::size_t field_count<RoomMembers> = 2;
template <>
inline constexpr std::size_t field_count<RoomChange> = 3;

// --- the server ---
template <>
inline constexpr std::size_t field_count<LogRecord> = 4;
template <>
inline constexpr std::size_t field_count<AccessEntry> = 2;
template <>
inline constexpr std::size_t field_count<Ask> = 2;
template <>
inline constexpr std::size_t field_count<CommandsHeldUp> = 1;
template <>
inline constexpr std::size_t field_count<TellProcesses> = 2;
template <>
inline constexpr std::size_t field_count<ToldByProcess> = 2;
template <>
inline constexpr std::size_t field_count<ProcessLeft> = 1;
template <>
inline constexpr std::size_t field_count<ProcessPing> = 1;
template <>
inline constexpr std::size_t field_count<ProcessPong> = 1;
template <>
inline constexpr std::size_t field_count<SessionMoveAsked> = 2;
template <>
inline constexpr std::size_t field_count<SocketStateAsked> = 1;
template <>
inline constexpr std::size_t field_count<MovedSocket> = 2;
template <>
inline constexpr std::size_t field_count<SessionMoved> = 4;
template <>
inline constexpr std::size_t field_count<KeepSession> = 2;
template <>
inline constexpr std::size_t field_count<KeepSocket> = 2;
template <>
inline constexpr std::size_t field_count<LetSessionGo> = 1;
template <>
inline constexpr std::size_t field_count<GiveUpSession> = 1;
template <>
inline constexpr std::size_t field_count<RetireProcesses> = 2;
template <>
inline constexpr std::size_t field_count<EndProcess> = 1;
template <>
inline constexpr std::size_t field_count<ProcessNumbers> = 1;
template <>
inline constexpr std::size_t field_count<ProcessStatus> = 10;
template <>
inline constexpr std::size_t field_count<ProcessFigures> = 11;
template <>
inline constexpr std::size_t field_count<Total> = 1;

// References to all fields, in their order.
template <typename T>
auto fields_of(T& value) {
  constexpr std::size_t count = field_count<std::remove_const_t<T>>;
  if constexpr (count == 1) {
    auto& [a] = value;
    return std::tie(a);
  } else if constexpr (count == 2) {
    auto& [a, b] = value;
    return std::tie(a, b);
  } else if constexpr (count == 3) {
    auto& [a, b, c] = value;
    return std::tie(a, b, c);
  } else if constexpr (count == 4) {
    auto& [a, b, c, d] = value;
    return std::tie(a, b, c, d);
  } else if constexpr (count == 5) {
    auto& [a, b, c, d, e] = value;
    return std::tie(a, b, c, d, e);
  } else if constexpr (count == 6) {
    auto& [a, b, c, d, e, f] = value;
    return std::tie(a, b, c, d, e, f);
  } else if constexpr (count == 7) {
    auto& [a, b, c, d, e, f, g] = value;
    return std::tie(a, b, c, d, e, f, g);
  } else if constexpr (count == 8) {
    auto& [a, b, c, d, e, f, g, h] = value;
    return std::tie(a, b, c, d, e, f, g, h);
  } else if constexpr (count == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = value;
    return std::tie(a, b, c, d, e, f, g, h, i);
  } else if constexpr (count == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j);
  } else if constexpr (count == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k);
  } else if constexpr (count == 14) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  } else {
    static_assert(count == 0 && std::is_empty_v<T>, "its number of fields is missing above");
    return std::tie();
  }
}

}  // namespace sioserve::port

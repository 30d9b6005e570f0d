// Calls the dispatcher, a Python object, for the events of Engine.IO sessions and of the sockets of
// Socket.IO namespaces.
#pragma once

#include <initializer_list>
#include <unordered_map>

#include "asgi-bridge/key_cache.h"
#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"
#include "server/port/messages.h"

namespace sioserve::bridge {

class Bridge;

// Lives on the application thread.
class SocketIoCallbacks {
 public:
  explicit SocketIoCallbacks(Bridge& bridge) : bridge_(bridge) {}

  void handle(const Gil& gil, HandshakeEvent& event);
  void handle(const Gil& gil, SocketIoEvent& event);
  void handle(const Gil& gil, ClusterEvent& event);
  void handle(const Gil& gil, ProcessEvent& event);

  // Keeps the scope of a stream that the application hands over to Engine.IO, for the stream's
  // session. `scope` is borrowed and may be null.
  void keep_scope(const Gil& gil, StreamId stream, PyObject* scope);
  // The stream ended without an Engine.IO session.
  void drop_scope(const Gil& gil, StreamId stream);

  void release_all(const Gil& gil);
  void traverse(Visitor& visit) const;

 private:
  void handle(const Gil& gil, HandshakeAsked event);
  void handle(const Gil& gil, RequestRefused event);
  void handle(const Gil& gil, SessionOpened event);
  void handle(const Gil& gil, SessionClosed event);
  void handle(const Gil& gil, SessionSignalled event);
  void handle(const Gil& gil, SocketConnect event);
  void handle(const Gil& gil, SocketEvent event);
  void handle(const Gil& gil, SocketAcknowledged event);
  void handle(const Gil& gil, SocketDisconnect event);
  void handle(const Gil& gil, SocketAcksLost event);
  void handle(const Gil& gil, SocketForgotten event);
  void handle(const Gil& gil, AskedByServer event);
  void handle(const Gil& gil, ServersAnswered event);
  void handle(const Gil& gil, ToldByProcess event);
  void handle(const Gil& gil, ProcessLeft event);
  void handle(const Gil& gil, ProcessPing event);
  void handle(const Gil& gil, SessionMoveAsked event);
  void handle(const Gil& gil, SocketStateAsked event);
  void handle(const Gil& gil, SessionMoved event);

  // Calls a method of the dispatcher; a missing argument (null) or an exception is logged.
  void dispatch(const Gil& gil, const PyRef& method, std::initializer_list<PyRef> arguments);
  // The scope of a native handshake. Null with an exception set.
  PyRef scope_of(const Gil& gil, const RequestHead& head, const Endpoints& endpoints);
  // Reports a handed-over session to the dispatcher, once.
  void announce_session(const Gil& gil, SessionId session);

  Bridge& bridge_;
  KeyCache keys_;
  std::unordered_map<SessionId, PyRef> handed_over_scopes_;
};

}  // namespace sioserve::bridge

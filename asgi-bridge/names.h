// Python strings and constants that every request needs, created once per server.
#pragma once

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

struct Names {
  explicit Names(const Gil& gil);

  PyRef type, asgi, path, raw_path, query_string, headers, client, server, method, http_version,
      scheme, root_path, extensions, state, subprotocols, status, body, more_body, trailers,
      more_trailers, links, code, reason, text, bytes, subprotocol, scope, request_id, name,
      thread_wait, match, route, tls;
  PyRef http, https, websocket, ws, wss;
  PyRef http_request, http_disconnect, websocket_connect, websocket_receive, websocket_disconnect;
  PyRef add, call_soon, create_future, create_task, get_task_factory, add_done_callback, set_result,
      done, cancelled, exception, begin_without_task;
  PyRef handshake, origin, request_refused, session_opened, session_closed, connect, event, events,
      acknowledged, disconnect;
  PyRef forgotten, signalled, acks_lost, told, process_left, move_session, session_moved, keep_away;
  PyRef asked_by_server, servers_answered;
  PyRef version_1_0, version_1_1, version_2;

  // False if memory ran out; an exception is set.
  bool complete = true;

 private:
  PyRef intern(const Gil& gil, const char* literal);
};

}  // namespace sioserve::bridge

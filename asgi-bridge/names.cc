#include "asgi-bridge/names.h"

namespace sioserve::bridge {

PyRef Names::intern(const Gil&, const char* literal) {
  PyRef interned = PyRef::steal(PyUnicode_InternFromString(literal));
  if (!interned) complete = false;
  return interned;
}

Names::Names(const Gil& gil) {
  struct Entry {
    PyRef Names::*member;
    const char* text;
  };
  static constexpr Entry entries[] = {
      {&Names::type, "type"},
      {&Names::asgi, "asgi"},
      {&Names::path, "path"},
      {&Names::raw_path, "raw_path"},
      {&Names::query_string, "query_string"},
      {&Names::headers, "headers"},
      {&Names::client, "client"},
      {&Names::server, "server"},
      {&Names::method, "method"},
      {&Names::http_version, "http_version"},
      {&Names::scheme, "scheme"},
      {&Names::root_path, "root_path"},
      {&Names::extensions, "extensions"},
      {&Names::state, "state"},
      {&Names::subprotocols, "subprotocols"},
      {&Names::status, "status"},
      {&Names::body, "body"},
      {&Names::more_body, "more_body"},
      {&Names::trailers, "trailers"},
      {&Names::thread_wait, "sioserve.thread_wait"},
      {&Names::match, "sioserve.match"},
      {&Names::route, "route"},
      {&Names::more_trailers, "more_trailers"},
      {&Names::links, "links"},
      {&Names::code, "code"},
      {&Names::reason, "reason"},
      {&Names::text, "text"},
      {&Names::bytes, "bytes"},
      {&Names::subprotocol, "subprotocol"},
      {&Names::scope, "scope"},
      {&Names::request_id, "sioserve.request_id"},
      {&Names::name, "name"},
      {&Names::tls, "tls"},
      {&Names::http, "http"},
      {&Names::https, "https"},
      {&Names::websocket, "websocket"},
      {&Names::ws, "ws"},
      {&Names::wss, "wss"},
      {&Names::http_request, "http.request"},
      {&Names::http_disconnect, "http.disconnect"},
      {&Names::websocket_connect, "websocket.connect"},
      {&Names::websocket_receive, "websocket.receive"},
      {&Names::websocket_disconnect, "websocket.disconnect"},
      {&Names::add, "add"},
      {&Names::create_future, "create_future"},
      {&Names::create_task, "create_task"},
      {&Names::call_soon, "call_soon"},
      {&Names::get_task_factory, "get_task_factory"},
      {&Names::add_done_callback, "add_done_callback"},
      {&Names::begin_without_task, "begin_without_task"},
      {&Names::set_result, "set_result"},
      {&Names::done, "done"},
      {&Names::cancelled, "cancelled"},
      {&Names::exception, "exception"},
      {&Names::handshake, "handshake"},
      {&Names::origin, "origin"},
      {&Names::request_refused, "request_refused"},
      {&Names::session_opened, "session_opened"},
      {&Names::session_closed, "session_closed"},
      {&Names::connect, "connect"},
      {&Names::event, "event"},
      {&Names::events, "events"},
      {&Names::acknowledged, "acknowledged"},
      {&Names::disconnect, "disconnect"},
      {&Names::forgotten, "forgotten"},
      {&Names::acks_lost, "acks_lost"},
      {&Names::signalled, "signalled"},
      {&Names::told, "told"},
      {&Names::asked_by_server, "asked_by_server"},
      {&Names::servers_answered, "servers_answered"},
      {&Names::process_left, "process_left"},
      {&Names::move_session, "move_session"},
      {&Names::session_moved, "session_moved"},
      {&Names::keep_away, "keep_away"},
      {&Names::version_1_0, "1.0"},
      {&Names::version_1_1, "1.1"},
      {&Names::version_2, "2"},
  };
  for (const Entry& entry : entries) this->*entry.member = intern(gil, entry.text);
}

}  // namespace sioserve::bridge

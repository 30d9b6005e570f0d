#include "socketio/engine/close_reason.h"

namespace sioserve::engine {
namespace {

struct Words {
  const char* own;
  const char* reference;
};

Words words_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::client_disconnect:
      return {"client_disconnect", "client namespace disconnect"};
    case CloseReason::server_disconnect:
      return {"server_disconnect", "server namespace disconnect"};
    case CloseReason::server_close:
      return {"server_close", "forced server close"};
    case CloseReason::server_shutdown:
      return {"server_shutdown", "server shutting down"};
    case CloseReason::process_lost:
      return {"server_process_lost", "transport close"};
    case CloseReason::client_close:
      return {"engineio_client_close", "transport close"};
    case CloseReason::websocket_disconnect:
      return {"engineio_websocket_disconnect", "transport close"};
    case CloseReason::websocket_fault:
      return {"engineio_websocket_disconnect", "transport error"};
    case CloseReason::polling_disconnect:
      return {"engineio_polling_disconnect", "transport error"};
    case CloseReason::timeout:
      return {"engineio_timeout", "ping timeout"};
    case CloseReason::connect_timeout:
      return {"engineio_connect_timeout", "forced server close"};
    case CloseReason::concurrent_get:
      return {"engineio_concurrent_get", "transport error"};
    case CloseReason::concurrent_post:
      return {"engineio_concurrent_post", "transport error"};
    case CloseReason::bad_packet:
      return {"engineio_bad_packet", "parse error"};
    case CloseReason::malformed_packet:
      return {"engineio_bad_packet", "forced close"};
    case CloseReason::wrong_content_type:
    case CloseReason::wrong_heartbeat:
      return {"engineio_bad_packet", "transport error"};
    case CloseReason::payload_too_large:
      return {"engineio_payload_too_large", "transport error"};
    case CloseReason::missing_connect:
      return {"engineio_missing_connect", "forced server close"};
    case CloseReason::unexpected_packet:
      return {"engineio_bad_packet", "forced server close"};
    case CloseReason::slow_consumer:
      return {"engineio_slow_consumer", "forced close"};
    case CloseReason::replaced:
      return {"engineio_replaced", "transport close"};
  }
  __builtin_unreachable();
}

}  // namespace

bool is_recoverable(CloseReason reason) {
  switch (reason) {
    case CloseReason::client_disconnect:
    case CloseReason::server_disconnect:
    case CloseReason::server_close:
    case CloseReason::server_shutdown:  // the kept state ends with the server, too
    case CloseReason::bad_packet:
      return false;
    case CloseReason::process_lost:
    case CloseReason::client_close:
    case CloseReason::websocket_disconnect:
    case CloseReason::websocket_fault:
    case CloseReason::polling_disconnect:
    case CloseReason::timeout:
    case CloseReason::connect_timeout:
    case CloseReason::concurrent_get:
    case CloseReason::concurrent_post:
    case CloseReason::malformed_packet:
    case CloseReason::wrong_content_type:
    case CloseReason::wrong_heartbeat:
    case CloseReason::payload_too_large:
    case CloseReason::missing_connect:
    case CloseReason::unexpected_packet:
    case CloseReason::slow_consumer:
    case CloseReason::replaced:
      return true;
  }
  __builtin_unreachable();
}

const char* describe(CloseReason reason) { return words_of(reason).own; }
const char* describe_as_reference(CloseReason reason) { return words_of(reason).reference; }

}  // namespace sioserve::engine

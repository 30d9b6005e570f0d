// The two sides of one stream (an HTTP request or a WebSocket) on the I/O thread. The connection
// implements Exchange and WebSocketChannel; handlers implement RequestHandler and
// WebSocketHandler: the ASGI application (server/application) and Engine.IO (server/transport).
//
// Lifetime: the connection owns the handler and destroys it right after on_closed(); the handler
// borrows the exchange or channel, which is valid until on_closed() has returned. Any call on an
// exchange or channel may be made at any time before that, also from within a callback; callbacks
// are never made from within a call. Everything lives on the I/O thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/access_record.h"
#include "server/base/bytes.h"
#include "server/base/clock.h"
#include "server/base/compression.h"
#include "server/base/config.h"
#include "server/base/file_part.h"
#include "server/base/http_values.h"

namespace sioserve::connection {

using sioserve::BodyPart;

// One HTTP request and its response.
class Exchange {
 public:
  virtual const RequestHead& head() const = 0;
  // The same, for code that needs it after on_closed().
  virtual SharedRequestHead share_head() const = 0;
  virtual const SharedEndpoints& endpoints() const = 0;

  // Starts the response. Call it once. Content-Length or chunked encoding, Date and Connection are
  // added if the head does not have them. An invalid head (status outside 200-599, control
  // characters in a header) is answered with 500 and logged. May be called before the request's
  // body has ended.
  virtual void respond(ResponseHead&& head, std::string&& body, BodyPart part) = 0;
  virtual void send_body(std::string body, BodyPart part) = 0;
  // A part of the body that is read from a file while it is sent.
  virtual void send_file(FilePart file, BodyPart part) = 0;
  // Ends the response after a body that was sent with BodyPart::more. The trailers are dropped if
  // they cannot be sent (RFC 9110 section 6.5.1): the body is not chunked, or the request has no
  // "TE: trailers".
  virtual void send_trailers(const Headers& trailers) = 0;
  // Sends "103 Early Hints" (RFC 8297), any number of times before the response. Ignored after
  // that, and for HTTP/1.0, which does not have it.
  virtual void send_early_hints(const std::vector<std::string>& links) = 0;

  // The response cannot be completed: the status with its text if it has not started, otherwise
  // the connection closes.
  virtual void fail_with(std::uint16_t status) = 0;
  void fail() { fail_with(500); }
  // Closes the connection without sending anything else.
  virtual void abort() = 0;

  // Bytes of this response that the kernel has not taken yet.
  virtual std::size_t buffered() const = 0;

  // Stops and restarts on_body() by not reading the socket. The first want_body() sends "100
  // Continue" if the client asked for it; until then such a client sends no body.
  virtual void want_body() = 0;
  virtual void pause_body() = 0;
  virtual void resume_body() = 0;

  // Limits the time for the whole response, from now or from the last part of the request's body;
  // then on_timeout() is called, and 503 is sent or the response is cut. 0, the default: no limit.
  virtual void respond_within(Milliseconds time) = 0;

 protected:
  ~Exchange() = default;
};

// What a handler does when the client shuts down its sending side after a complete request. The
// client may wait for the response (nc -N, some scripts), or may have closed the socket: only a
// failed write shows it.
enum class ClientEnd { answer, drop };

class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  // The first call, once. A request without a body has part == last; otherwise `body` is the part
  // that arrived with the head, and on_body() follows until the last part.
  virtual void on_request(std::string_view body, BodyPart part) = 0;
  virtual void on_body(std::string_view body, BodyPart part) = 0;
  // The kernel accepted bytes: buffered() has become smaller.
  virtual void on_drain() = 0;
  // Called once, when the client has shut down its sending side. `drop`: on_closed() follows.
  virtual ClientEnd on_client_end() { return ClientEnd::answer; }
  // Nothing was sent for a long time to a client that shut down its sending side: it has probably
  // disconnected. The exchange can still be used.
  virtual void on_abandoned() {}
  // The time of respond_within() is over; on_closed() follows.
  virtual void on_timeout() {}
  // For the access log.
  virtual ServedBy served_by() const { return ServedBy::server; }
  // The last callback: the response is complete, or the client has disconnected.
  virtual void on_closed() = 0;
};

// One WebSocket (RFC 6455): first the upgrade request, then messages.
class WebSocketChannel {
 public:
  virtual const RequestHead& head() const = 0;
  virtual SharedRequestHead share_head() const = 0;
  virtual const SharedEndpoints& endpoints() const = 0;
  // From Sec-WebSocket-Protocol, in the client's order. Not after accept().
  virtual const std::vector<std::string>& subprotocols() const = 0;

  // Call exactly one of accept() and deny(), once, at any later time; after a timeout, the channel
  // denies. `headers` are added to the 101 response; an empty subprotocol means none. `settings`
  // are those of this channel from now on, and outlive it.
  virtual void accept(std::string_view subprotocol, const Headers& headers,
                      const WebSocketConfig& settings) = 0;
  virtual void deny(ResponseHead head, std::string body, BodyPart part) = 0;
  virtual void send_denial_body(std::string body, BodyPart part) = 0;

  // Ignored once either side has sent a close frame. A shared payload is not copied unless the
  // messages are compressed.
  virtual void send(MessageKind kind, std::string payload) = 0;
  virtual void send(MessageKind kind, const SharedBytes& payload, Compression compression) = 0;
  // Starts the closing handshake after the queued messages; on_closed() follows, at the latest when
  // the peer has not answered for some seconds. The socket is still read: messages before the
  // peer's close frame are dropped.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  // Closes the connection without sending anything else.
  virtual void abort() = 0;

  // Bytes that the kernel has not taken yet.
  virtual std::size_t buffered() const = 0;
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

 protected:
  ~WebSocketChannel() = default;
};

// When a peer that broke the protocol gets its close frame: immediately, or after the handler has
// answered the messages before the fault.
enum class FaultNotice { at_once, behind_answers };

class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;

  // The first call, once: accept or deny, now or later.
  virtual void on_upgrade_request() = 0;
  // After accept(), when the 101 response has been queued; messages follow.
  virtual void on_open() = 0;
  virtual void on_message(MessageKind kind, std::string payload) = 0;
  virtual void on_drain() = 0;
  // The peer has disconnected while reading is paused, and some of its messages are not delivered
  // yet. Called once, within seconds. on_closed() follows when the rest has been delivered.
  virtual void on_peer_ended() {}
  // The peer's message is above a limit: the peer gets a close frame with 1009, and on_closed()
  // follows.
  virtual void on_message_too_big() {}
  // The peer broke the protocol, and all messages before that have been delivered. If the result is
  // behind_answers, the channel can send until its close(), for some seconds at most; then the peer
  // gets the close frame for its fault. on_closed() follows in any case.
  virtual FaultNotice on_peer_fault(std::uint16_t, std::string_view) {
    return FaultNotice::at_once;
  }
  // For the access log.
  virtual ServedBy served_by() const { return ServedBy::server; }
  // The last callback. `code` is the peer's close code, 1005 if the close frame had none, 1009 if
  // the peer exceeded a limit, 1006 if the connection ended without a closing handshake or before
  // accept().
  virtual void on_closed(std::uint16_t code, std::string_view reason) = 0;
};

class Router {
 public:
  // Selects the handler. Called once per request; never returns null.
  virtual std::unique_ptr<RequestHandler> route(Exchange& exchange) = 0;
  virtual std::unique_ptr<WebSocketHandler> route(WebSocketChannel& channel) = 0;

  // Whether the request belongs to an open session, which would break if it were refused. Polling
  // requests of sessions mostly wait, so they are not counted as load.
  virtual bool continues_session(const RequestHead& head) const = 0;

 protected:
  ~Router() = default;
};

}  // namespace sioserve::connection

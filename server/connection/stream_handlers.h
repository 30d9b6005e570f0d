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

#include "server/base/bytes.h"
#include "server/base/clock.h"
#include "server/base/compression.h"
#include "server/base/config.h"
#include "server/base/file_part.h"
#include "server/base/http_values.h"

namespace sioserve::connection {

using sioserve::BodyPart;

// One HTTP request being answered.
class Exchange {
 public:
  virtual const RequestHead& head() const = 0;
  // The same, for users that need it after on_closed().
  virtual SharedRequestHead share_head() const = 0;
  virtual const SharedEndpoints& endpoints() const = 0;

  // Starts the response, once. Framing (Content-Length, chunked, none for HEAD), Date and
  // Connection are added as the head leaves them out. An unusable head (status outside 200-599,
  // control characters in a header) is answered with 500 and logged. May be called before the
  // request's body has ended.
  virtual void respond(ResponseHead head, std::string body, BodyPart part) = 0;
  virtual void send_body(std::string body, BodyPart part) = 0;
  // A part of the body that is read from its file while it is sent.
  virtual void send_file(FilePart file, BodyPart part) = 0;
  // Ends the response behind a body that was sent with BodyPart::more. Dropped where they cannot be
  // sent (RFC 9110 section 6.5.1): the body is not chunked, or the request has no "TE: trailers".
  virtual void send_trailers(const Headers& trailers) = 0;
  // A "103 Early Hints" (RFC 8297), any number of them before the response. Ignored afterwards, and
  // for HTTP/1.0, which has no such thing.
  virtual void send_early_hints(const std::vector<std::string>& links) = 0;

  // The response cannot be completed: 500 if it has not started, otherwise the connection closes.
  virtual void fail() = 0;
  // Closes the connection without another byte.
  virtual void abort() = 0;

  // Bytes of this response that the kernel has not taken yet.
  virtual std::size_t buffered() const = 0;

  // Stops and restarts on_body() by not reading the socket. "100 Continue" is sent at the first
  // want_body() if the client asked for it; until then nothing of such a body arrives.
  virtual void want_body() = 0;
  virtual void pause_body() = 0;
  virtual void resume_body() = 0;

  // From now, or from the last piece of the request's body, the response may take so long in all;
  // then on_timeout() comes, and 503 is sent or the response cut. 0, as at first: no limit.
  virtual void respond_within(Milliseconds time) = 0;

 protected:
  ~Exchange() = default;
};

// What a handler does when the client has ended its side behind a complete request. It may wait for
// the answer (nc -N, some scripts), or have closed the socket: only writing tells.
enum class ClientEnd { answer, drop };

class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  // First, once. A request without a body has part == last; otherwise `body` holds what had
  // arrived with the head, and on_body() follows until a last part.
  virtual void on_request(std::string_view body, BodyPart part) = 0;
  virtual void on_body(std::string_view body, BodyPart part) = 0;
  // The kernel took bytes and buffered() has become smaller.
  virtual void on_drain() = 0;
  // Asked once, when the client's end has come. `drop`: on_closed() follows.
  virtual ClientEnd on_client_end() { return ClientEnd::answer; }
  // Nothing was sent for long to a client that has ended its side: it has probably gone. The
  // exchange stays usable.
  virtual void on_abandoned() {}
  // The time of respond_within() is over; on_closed() follows.
  virtual void on_timeout() {}
  // The last callback: the response is complete, or the client has gone.
  virtual void on_closed() = 0;
};

// One WebSocket (RFC 6455): first the upgrade request, then messages.
class WebSocketChannel {
 public:
  virtual const RequestHead& head() const = 0;
  virtual SharedRequestHead share_head() const = 0;
  virtual const SharedEndpoints& endpoints() const = 0;
  // As offered in Sec-WebSocket-Protocol, in order.
  virtual const std::vector<std::string>& subprotocols() const = 0;

  // Exactly one of accept() and deny(), once, at any later time; without either for too long, the
  // channel denies. `headers` go into the 101 answer; an empty subprotocol means none. `settings`
  // hold for this channel from here on, and outlive it.
  virtual void accept(std::string_view subprotocol, const Headers& headers,
                      const WebSocketConfig& settings) = 0;
  virtual void deny(ResponseHead head, std::string body, BodyPart part) = 0;
  virtual void send_denial_body(std::string body, BodyPart part) = 0;

  // Ignored once either side has sent a close frame. A shared payload is not copied unless the
  // messages are compressed.
  virtual void send(MessageKind kind, std::string payload) = 0;
  virtual void send(MessageKind kind, SharedBytes payload, Compression compression) = 0;
  // Starts the closing handshake behind what has been sent; on_closed() follows, at the latest
  // when the peer has not answered for some seconds. Reading goes on: what comes before the peer's
  // close frame is dropped.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  // Closes the connection without another byte.
  virtual void abort() = 0;

  // Bytes that the kernel has not taken yet.
  virtual std::size_t buffered() const = 0;
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

 protected:
  ~WebSocketChannel() = default;
};

// When a peer that broke the protocol is told so: at once, or when the handler has answered the
// messages before.
enum class FaultNotice { at_once, behind_answers };

class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;

  // First, once: decide about the upgrade now or later.
  virtual void on_upgrade_request() = 0;
  // After accept(), when the 101 answer has been queued; messages follow.
  virtual void on_open() = 0;
  virtual void on_message(MessageKind kind, std::string payload) = 0;
  virtual void on_drain() = 0;
  // The peer has gone, and reading is paused before all that it has sent was delivered: comes once,
  // within seconds. on_closed() follows when the rest has been delivered.
  virtual void on_peer_ended() {}
  // The peer's message is over the limits: it has been sent 1009, and on_closed() follows.
  virtual void on_message_too_big() {}
  // The peer broke the protocol, and all messages before that have been delivered. Behind answers:
  // the channel sends until its close(), for some seconds at most; then the peer gets a close frame
  // with its fault. on_closed() follows in any case.
  virtual FaultNotice on_peer_fault(std::uint16_t, std::string_view) {
    return FaultNotice::at_once;
  }
  // The last callback. `code` is the peer's close code, 1005 when it sent none, 1009 when it went
  // over a limit, 1006 when the connection ended without a closing handshake or before accept().
  virtual void on_closed(std::uint16_t code, std::string_view reason) = 0;
};

class Router {
 public:
  // Decide who answers. Called once per request; never return null.
  virtual std::unique_ptr<RequestHandler> route(Exchange& exchange) = 0;
  virtual std::unique_ptr<WebSocketHandler> route(WebSocketChannel& channel) = 0;

  // Whether the request belongs to a session that is open, which would break if it were refused.
  // Those of HTTP mostly wait: they are no load.
  virtual bool continues_session(const RequestHead& head) const = 0;

 protected:
  ~Router() = default;
};

}  // namespace sioserve::connection

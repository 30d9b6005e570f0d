// All settings of one server, with their defaults. The bridge sets them; its table
// (asgi-bridge/settings.cc) has their names. A limit or a time of 0 means: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/http_values.h"
#include "server/base/trusted_proxies.h"

namespace sioserve {

namespace tls {
class ClientContext;
}

// What happens to request headers with an underscore in their names.
enum class UnderscoreHeaders { drop, keep };

struct HttpConfig {
  std::size_t max_request_line = 16'384;    // bytes; 414 above
  std::size_t max_header_bytes = 65'536;    // names, values and separators; 431 above
  std::size_t max_headers = 256;            // 431 above
  std::uint64_t max_body = 10'737'418'240;  // bytes; 413 above
  std::size_t requests_per_connection = 0;  // the response to the last one closes
  Milliseconds first_byte_timeout{30'000};  // until the first byte of a connection
  Milliseconds header_timeout{30'000};      // from a request's first byte to its complete head; 408
  Milliseconds body_timeout{30'000};        // between two parts of a body; 408
  Milliseconds keep_alive_timeout{75'000};  // idle, between two requests
  Milliseconds send_timeout{60'000};        // for a client that reads nothing; cut
  // Without output after the client shut down its sending side; then the application gets
  // http.disconnect.
  Milliseconds half_close_timeout{1'000};
  Milliseconds application_timeout{0};     // for a whole response; 503, or the response is cut
  std::string server_header = "sioserve";  // empty: none
  bool date_header = true;
  Headers extra_headers;  // of every response
  UnderscoreHeaders underscore_headers = UnderscoreHeaders::drop;
  // Response header with the request id, unless the application sets it. Empty: none.
  std::string request_id_header;
};

struct Http2Config {
  bool cleartext = false;         // also without TLS: clients that begin with HTTP/2's preface
  std::size_t max_streams = 100;  // requests and WebSockets of one connection at the same time
};

struct WebSocketConfig {
  std::size_t max_message = 1'048'576;  // bytes, decompressed; 1009 above
  std::size_t max_frame =
      1'048'576;  // bytes, as on the wire (an eighth more if compressed); 1009 above
  Milliseconds ping_interval{20'000};   // without data from the client, until a ping
  Milliseconds ping_timeout{30'000};    // for data from the client after a ping; 1011
  Milliseconds connect_timeout{5'000};  // for the application to accept; 403
  Milliseconds lifetime{86'400'000};    // of the whole connection; 1001
  bool per_message_deflate = true;
  std::size_t deflate_threshold = 128;  // bytes of a message; smaller ones are not compressed
};

struct ProxyConfig {
  bool forwarded_headers = false;  // use X-Forwarded-* and Forwarded
  TrustedProxies trusted;
  std::string forwarded_for_header = "x-forwarded-for";    // lower case
  std::string forwarded_port_header = "x-forwarded-port";  // lower case
  bool proxy_protocol = false;  // connections begin with a PROXY header, v1 or v2
};

struct LoadConfig {
  std::size_t max_connections = 0;              // 503 above; 0: as many as descriptors allow
  std::size_t max_connections_per_address = 0;  // 429 above
  std::size_t max_concurrency = 0;              // requests and WebSockets in progress; 503 above
  std::size_t max_requests = 0;                 // in total, then the server stops
};

// TLS of the TCP listeners that ask for it. Files are in PEM.
struct TlsConfig {
  enum class ClientCertificates { none, optional, required };
  enum class MinVersion { tls_1_2, tls_1_3 };

  // Files of a certificate with its chain, and of its private key (empty: in the same file). The
  // first one is for clients that ask for no known host.
  std::vector<std::pair<std::string, std::string>> certificates;
  std::string directory;     // with more pairs; empty: none
  std::string key_password;  // of encrypted keys
  std::string client_ca;     // file with the authorities of clients' certificates
  ClientCertificates client_certificates = ClientCertificates::none;
  MinVersion min_version = MinVersion::tls_1_2;
  std::string ciphers;  // of TLS 1.2, as OpenSSL names them; empty: the recommended ones
  bool http2 = true;    // is offered, besides HTTP/1.1
  Milliseconds handshake_timeout{10'000};
  std::size_t max_handshakes = 512;   // under way; others wait
  std::uint16_t redirect_port = 443;  // where requests without TLS are redirected
  std::uint64_t hsts = 0;             // seconds for Strict-Transport-Security; 0: no such header

  bool on() const { return !certificates.empty() || !directory.empty(); }
};

// TLS to another server, as its client.
struct TlsClientConfig {
  enum class Verification { none, required };

  Verification verification = Verification::required;
  std::string authorities;  // file with those trusted besides the system's; empty: none
  std::string certificate;  // file of the own one, with its chain; empty: none
  std::string key;          // file; empty: in the file of the certificate
};

struct AccessLogConfig {
  enum class Target { none, file, standard_output, logging };
  Target target = Target::none;
  std::string path;    // of the file
  std::string format;  // empty: the default one
  bool json = false;
};

struct StaticFiles {
  std::string prefix;  // of the path, with a slash at both ends
  std::string directory;
};

// Which pages of other origins may use Engine.IO: CORS, as in the fetch standard.
struct CorsConfig {
  std::vector<std::string> origins;  // scheme://host[:port] each, or "*" for any
  bool ask = false;                  // the application decides about others; off without both
  bool credentials = false;          // pages may send cookies
  std::vector<std::string> allowed_headers;  // empty: those that the browser asks for
  std::vector<std::string> exposed_headers;
  std::uint64_t max_age = 0;  // seconds for which a browser may cache the response to a preflight
};

struct EngineIoConfig {
  Milliseconds ping_interval{25'000};
  Milliseconds ping_timeout{20'000};
  Milliseconds upgrade_timeout{10'000};  // for a probing WebSocket to finish its upgrade
  Milliseconds connect_timeout{45'000};  // for a session to connect to its first namespace
  std::size_t max_payload = 1'000'000;   // bytes of one message or polling body, inbound
  bool per_message_deflate = false;      // on WebSockets; off as in the reference server
  bool http_compression = true;          // of the responses to polling requests
  std::size_t compression_threshold =
      1024;                 // bytes of a response or message; smaller ones are not compressed
  bool allow_eio3 = false;  // clients of protocol 3 (socket.io-client 2.x) too
  std::vector<std::string> transports = {"polling", "websocket"};
  bool allow_upgrades = true;
  CorsConfig cors;
  std::string cookie;  // name of the cookie with the sid; empty: none
  std::string cookie_attributes = "; Path=/; HttpOnly; SameSite=Lax";  // after its value
  std::size_t max_packets_per_poll = 16;     // in the response to one GET of polling; 0: any number
  std::size_t max_sessions = 0;              // 503 above
  std::size_t max_sessions_per_address = 0;  // 429 above
  // Of one session, inbound; above these rates it is throttled.
  std::size_t max_packets_per_second = 0;
  std::size_t max_bytes_per_second = 0;
};

struct SocketIoConfig {
  enum class Parser { json, msgpack };
  // The action when max_queued_bytes are queued for a client.
  enum class SlowConsumer { disconnect, drop_volatile, drop_oldest };

  Parser parser = Parser::json;
  std::size_t max_attachments = 10;
  std::size_t max_json_depth = 64;
  std::size_t max_event_name = 1024;       // bytes
  std::size_t max_events_in_flight = 256;  // per session, queued for the application
  // Bytes read ahead from a session, for an acknowledgement or until its connection closes.
  std::size_t max_read_ahead = 4'000'000;
  std::size_t max_queued_bytes = 64'000'000;  // per session, queued for a slow client
  // Queued for all slow clients; above, the client with the longest queue is disconnected.
  std::size_t max_queued_total_bytes = 256'000'000;
  SlowConsumer slow_consumer = SlowConsumer::disconnect;
  std::size_t max_pending_acks = 10'000;        // per socket, not answered by the client
  std::size_t max_namespaces = 100;             // joined by one session
  std::size_t max_dynamic_namespaces = 10'000;  // of all clients
  std::size_t max_rooms = 10'000;               // joined by one socket
  Milliseconds recovery_window{0};          // in which a disconnected client may recover; 0: off
  std::size_t recovery_buffer = 1'000'000;  // bytes of events kept for one client
  std::size_t max_recoverable = 10'000;     // disconnected clients that may recover
  std::size_t max_recovery_bytes = 64'000'000;  // kept for all disconnected clients
};

// The Redis server that connects several servers.
struct RedisConfig {
  // Whose messages the servers exchange.
  enum class Format { redis_adapter, python_socketio };

  std::string url;  // empty: none; checked by redis::parse_redis_url()
  // Made from the files that the URL names; null: it is one without TLS.
  std::shared_ptr<const tls::ClientContext> tls;
  // Of messages to other servers that wait while Redis is away; 0: they are dropped.
  std::size_t max_queued_bytes = 0;
  bool sharded = false;
  Format format = Format::redis_adapter;
  std::string prefix;  // of the channels' names; empty: the usual one of the format
};

// How the server shows its state: /metrics, /healthz, /readyz.
struct MetricsConfig {
  bool on = false;             // requests are measured
  std::string path;            // of the metrics on the ordinary ports; empty: none
  TrustedProxies trusted;      // the clients that may read them there
  bool require_redis = false;  // /readyz is 503 while Redis is not connected
};

struct Config {
  int backlog = 2048;
  bool python_processes = false;  // the application runs in processes of its own (--workers)

  // Engine.IO is answered natively on this path (with or without a final slash) when
  // native_socketio is set; client files (`<path>/socket.io.js`) always are.
  std::string socketio_path = "/socket.io";
  bool native_socketio = false;
  std::vector<std::string> namespaces = {"/"};  // served from the start
  // The application decides about each handshake (allow_request).
  bool ask_about_handshakes = false;
  // For handshakes on the native path: Django's ALLOWED_HOSTS patterns that an Origin header must
  // match; "*" matches anything.
  std::vector<std::string> allowed_hosts;
  std::string client_directory;  // holds socket.io.js and its variants; empty: not served

  HttpConfig http;
  Http2Config http2;
  WebSocketConfig websocket;
  ProxyConfig proxy;
  LoadConfig load;
  TlsConfig tls;
  AccessLogConfig access_log;
  std::vector<StaticFiles> static_files;
  // Of static files: pairs of an extension, with its dot, and a type.
  std::vector<std::pair<std::string, std::string>> content_types;
  EngineIoConfig engine_io;
  SocketIoConfig socket_io;
  RedisConfig redis;
  MetricsConfig metrics;

  std::size_t send_window = 262'144;     // bytes of a response queued for a slow client
  std::size_t receive_window = 262'144;  // bytes of a request body queued for the application
  std::size_t max_app_events = 65'536;   // events queued for the application, of all clients
  std::size_t max_app_event_bytes = 64'000'000;
  // Emits and other commands queued for the I/O thread; above this, emit() waits.
  std::size_t max_command_bytes = 16'000'000;
  Milliseconds graceful_timeout{10'000};  // for connections when the server stops
};

}  // namespace sioserve

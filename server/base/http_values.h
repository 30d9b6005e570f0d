// HTTP messages as plain values (RFC 9110), shared by the HTTP engine, Engine.IO and the bridge.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/header_block.h"

namespace sioserve {

// Of a response; those of a request are a HeaderBlock.
struct Header {
  std::string name;  // as given by the application
  std::string value;
};
using Headers = std::vector<Header>;

// The first value of a header of `headers` (a HeaderBlock or Headers), or nullopt. The names and
// `name` must be lower case.
template <typename AnyHeaders>
std::optional<std::string_view> find_header(const AnyHeaders& headers, std::string_view name) {
  for (const auto& header : headers) {
    if (header.name == name) return header.value;
  }
  return std::nullopt;
}

struct RequestHead {
  std::string method;
  std::string raw_path;      // as received, without the query string
  std::string path;          // percent-decoded; bytes, UTF-8 expected
  std::string query_string;  // as received, without the question mark
  std::string http_version;  // "1.0", "1.1" or "2"
  HeaderBlock headers;
  std::string request_id{};  // in every log line about the request
};

// Immutable, so the exchange, the application and the access log share it.
using SharedRequestHead = std::shared_ptr<const RequestHead>;

// Whether more parts of the body follow.
enum class BodyPart { more, last };

// The first value of a query parameter, percent-decoded, or nullopt.
std::optional<std::string> find_query_parameter(std::string_view query_string,
                                                std::string_view name);

// %XX decoded; with `plus_is_space` as in a query string. Malformed escapes are kept as they are.
enum class PlusSign { literal, space };
std::string percent_decode(std::string_view text, PlusSign plus);

struct ResponseHead {
  std::uint16_t status = 200;
  Headers headers;
  // How long the request has waited for a thread of the application; for the access log.
  std::chrono::microseconds thread_wait{0};
  // Only where requests are measured: when the application was called, since the epoch of
  // steady_clock (0: not by an application), and its route for the request, such as
  // "/articles/<int:year>/" (empty: not known).
  std::chrono::microseconds called_at{0};
  std::string route{};
};

struct Address {
  std::string host;  // numeric; empty: not known
  int port = 0;      // 0: not known
};

// What ASGI's extension `tls` says about a connection. Certificates are PEM.
struct TlsDetails {
  std::uint16_t version = 0;  // 0x0304 for TLS 1.3
  std::uint16_t cipher_suite = 0;
  std::string server_cert;
  std::vector<std::string> client_cert_chain;  // empty: the client has sent none
  std::string client_cert_name;                // its subject, as in RFC 4514
};
using SharedTlsDetails = std::shared_ptr<const TlsDetails>;

// The addresses of a connection. Immutable, so the requests of a connection share it.
struct Endpoints {
  Address client;  // unknown for a Unix socket
  Address server;
  bool tls = false;         // the client uses TLS, with this server or with a proxy
  std::string unix_path{};  // of the Unix socket that the client came through, instead of `server`
  std::optional<SharedTlsDetails> tls_details{};  // if this server has decrypted the connection
};
using SharedEndpoints = std::shared_ptr<const Endpoints>;

}  // namespace sioserve

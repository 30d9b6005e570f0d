// What the first bytes of a connection are. The server makes no TLS session before the client has
// sent a ClientHello, so a port scanner or a slow client costs only the bytes that it has sent.
#pragma once

#include <string_view>

namespace sioserve::tls {

enum class Opening {
  incomplete,
  client_hello,  // its first record is complete; usually it has only one
  http,          // a request without TLS
  unknown,
};

// `input`: everything that has arrived. Decides at the latest after 16,640 bytes.
Opening opening_of(std::string_view input);

}  // namespace sioserve::tls

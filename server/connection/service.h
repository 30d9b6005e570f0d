// What a listener's clients get.
#pragma once

namespace sioserve::connection {

enum class Service {
  http,
  https,     // HTTP after a TLS handshake
  redirect,  // HTTP, but each request is redirected to HTTPS
};

}  // namespace sioserve::connection

// The value of scope["extensions"]["tls"] (ASGI's TLS extension).
#pragma once

#include "asgi-bridge/python.h"
#include "server/base/http_values.h"

namespace sioserve::bridge {

// A dict; null with an exception set when memory runs out.
PyRef to_tls_extension(const Gil& gil, const TlsDetails& details);

}  // namespace sioserve::bridge

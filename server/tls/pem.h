// Reading PEM with OpenSSL.
#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/tls/openssl_handles.h"

namespace sioserve::tls {

// Whether reading has failed only because the PEM has no more objects of the kind.
inline bool at_end_of_pem() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

// All certificates of the text. The error is the number of the one that cannot be read, from 1.
Result<std::vector<X509Ptr>, std::size_t> certificates_in(std::string_view pem);

}  // namespace sioserve::tls

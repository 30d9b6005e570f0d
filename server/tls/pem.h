// Reading PEM with OpenSSL.
#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>

namespace sioserve::tls {

// Whether reading has failed only because the PEM has no more objects of the kind.
inline bool at_end_of_pem() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

}  // namespace sioserve::tls

// The certificate authorities that this machine trusts: OpenSSL's file and directories, or those of
// the environment variables SSL_CERT_FILE and SSL_CERT_DIR.
//
// OpenSSL itself would read the directories during a handshake, and so block the I/O thread.
#pragma once

#include "server/tls/openssl_handles.h"

namespace sioserve::tls {

// Reads all of them; what cannot be read is left out. May wait for the disk.
void trust_system(X509_STORE& store);

}  // namespace sioserve::tls

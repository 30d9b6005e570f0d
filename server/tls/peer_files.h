// The files for TLS between the servers of a cluster, in PEM.
#pragma once

#include <string>

namespace sioserve::tls {

struct PeerFiles {
  std::string certificate;  // the own one, with its chain
  std::string key;          // empty: in the file of the certificate
  std::string authorities;  // those that sign the certificates of all servers
};

}  // namespace sioserve::tls

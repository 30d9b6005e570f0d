// Certificates, keys and authorities as files (TlsConfig, TlsClientConfig, PeerFiles).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/base/config.h"
#include "server/base/result.h"
#include "server/tls/client_context.h"
#include "server/tls/peer_context.h"
#include "server/tls/peer_files.h"
#include "server/tls/server_context.h"

namespace sioserve::tls {

// The files of a server, which are read again when they have changed.
class ServerFiles {
 public:
  struct Read {
    std::shared_ptr<const ServerContext> context;
    std::vector<std::string> warnings;  // sentences without their ends, for the log
  };

  ServerFiles(TlsConfig config, std::shared_ptr<TicketKeys> ticket_keys);

  // Reads all files of the settings. The first time, each fault is an error: a sentence without its
  // end, for the user. Later a certificate that can't be used does not hold up the others: the old
  // one from the same file stays, if there is one, and there is a warning. It is an error if none
  // can be used. May wait for the disk; one call at a time, on any thread.
  Result<Read, std::string> read();

 private:
  // By the names of their files.
  using ByFile = std::map<std::string, std::shared_ptr<const Certificate>>;

  Result<ContextSettings, std::string> settings() const;
  std::string fault_of(const std::shared_ptr<const Certificate>& certificate,
                       const ContextSettings& settings) const;

  const TlsConfig config_;
  const std::shared_ptr<TicketKeys> ticket_keys_;
  ByFile used_;
};

// Reads the files of a client. The error is as in ServerFiles. May wait for the disk.
Result<std::shared_ptr<const ClientContext>, std::string> load_client_context(
    const TlsClientConfig& config);

// The same for the servers of a cluster.
Result<std::shared_ptr<const PeerContext>, std::string> load_peer_context(const PeerFiles& files);

// Differs when a file of the settings has been changed, replaced, added or removed; also if it is
// behind a symbolic link, as certbot makes them. May wait for the disk.
std::string fingerprint_of(const TlsConfig& config);
std::string fingerprint_of(const TlsClientConfig& config);
std::string fingerprint_of(const PeerFiles& files);

}  // namespace sioserve::tls

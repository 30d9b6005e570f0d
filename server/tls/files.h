// Certificates, keys and authorities as files (TlsConfig, TlsClientConfig, PeerFiles).
#pragma once

#include <memory>
#include <string>

#include "server/base/config.h"
#include "server/base/result.h"
#include "server/tls/client_context.h"
#include "server/tls/peer_context.h"
#include "server/tls/peer_files.h"
#include "server/tls/server_context.h"

namespace sioserve::tls {

// Reads all files of the settings. The error is a sentence without its end, for the user. May wait
// for the disk.
Result<std::shared_ptr<const ServerContext>, std::string> load_context(
    const TlsConfig& config, std::shared_ptr<TicketKeys> ticket_keys);

// The same for a client.
Result<std::shared_ptr<const ClientContext>, std::string> load_client_context(
    const TlsClientConfig& config);

// The same for the servers of a cluster.
Result<std::shared_ptr<const PeerContext>, std::string> load_peer_context(const PeerFiles& files);

// Differs when a file of the settings has been changed, replaced, added or removed; also if it is
// behind a symbolic link, as certbot makes them. May wait for the disk.
std::string fingerprint_of(const TlsConfig& config);
std::string fingerprint_of(const PeerFiles& files);

}  // namespace sioserve::tls

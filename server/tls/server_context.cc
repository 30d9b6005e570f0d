#include "server/tls/server_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "server/tls/context_parts.h"
#include "server/tls/pem.h"
#include "server/tls/session.h"

namespace sioserve::tls {
namespace {

constexpr long max_client_chain = 32'768;  // bytes
constexpr unsigned char session_context[] = "sioserve";

Session& session_of(SSL* ssl) { return *static_cast<Session*>(SSL_get_app_data(ssl)); }

bool use(SSL* ssl, const Certificate& certificate) {
  return SSL_use_cert_and_key(ssl, certificate.leaf.get(), certificate.key.get(),
                              certificate.chain.get(), 1) == 1;
}

// The host of a `server_name` extension (RFC 6066 section 3); empty if it is malformed, which
// OpenSSL finds out too.
std::string_view host_of(std::string_view extension) {
  constexpr std::size_t list_size = 2;
  constexpr std::size_t entry_head = 3;  // type, size of the name
  if (extension.size() < list_size + entry_head) return {};
  extension.remove_prefix(list_size);
  const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(extension[1])) << 8 |
                           static_cast<unsigned char>(extension[2]);
  if (extension[0] != TLSEXT_NAMETYPE_host_name) return {};
  return extension.substr(entry_head).substr(0, size);
}

// --- Callbacks of OpenSSL ---

int on_client_hello(SSL* ssl, int*, void*) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) == 1) {
    session_of(ssl).requested_host = host_of({reinterpret_cast<const char*>(data), size});
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

int on_ticket_made(SSL* ssl, void*) {
  const std::string& host = session_of(ssl).requested_host;
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), host.data(), host.size());
}

// A session is resumed only for the host for which it began (RFC 6066 section 3): each has its own
// certificates.
SSL_TICKET_RETURN on_ticket_read(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                                 SSL_TICKET_STATUS status, void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) {
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
  void* host = nullptr;
  std::size_t size = 0;
  const bool is_same =
      SSL_SESSION_get0_ticket_appdata(session, &host, &size) == 1 &&
      std::string_view(static_cast<const char*>(host), size) == session_of(ssl).requested_host;
  if (!is_same) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

// The ClientHello has been read: the host is known.
int on_certificate_wanted(SSL* ssl, void*) {
  const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const auto& found = session_of(ssl).context().certificates().find(host == nullptr ? "" : host);
  return std::ranges::all_of(found, [ssl](const Certificate* one) { return use(ssl, *one); }) ? 1
                                                                                              : 0;
}

int on_protocols_offered(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                         const unsigned char* offered, unsigned size, void*) {
  const std::string_view found =
      session_of(ssl).context().choose_protocol({reinterpret_cast<const char*>(offered), size});
  // Cross-protocol attacks (ALPACA) need servers that go on without a common protocol.
  if (found.empty()) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = reinterpret_cast<const unsigned char*>(found.data());
  *chosen_size = static_cast<unsigned char>(found.size());
  return SSL_TLSEXT_ERR_OK;
}

bool set_mac_key(EVP_MAC_CTX* mac, const TicketKey& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
                                        const_cast<unsigned char*>(key.mac.data()), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// The result is that of SSL_CTX_set_tlsext_ticket_key_evp_cb(3): -1 failed, 0 no such key, 1 done,
// 2 done, and the client should get a new ticket.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int encrypts) {
  Session& session = session_of(ssl);
  TicketKeys& keys = session.context().ticket_keys();
  const TicketKey& current = keys.current(session.now());
  if (encrypts == 1) {
    std::memcpy(name, current.name.data(), current.name.size());
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    const bool ready =
        EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, current.cipher.data(), iv) == 1 &&
        set_mac_key(mac, current);
    return ready ? 1 : -1;
  }
  const TicketKey* key = keys.find({name, current.name.size()}, session.now());
  if (key == nullptr) return 0;
  const bool ready =
      set_mac_key(mac, *key) &&
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) == 1;
  if (!ready) return -1;
  // A client of TLS 1.3 uses each ticket once, so it gets a new one (RFC 8446 appendix C.4).
  return key == &current && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
}

// --- Settings of SSL_CTX; the error is the end of a sentence ---

using Done = Result<std::monostate, std::string>;

int version_of(TlsConfig::MinVersion version) {
  switch (version) {
    case TlsConfig::MinVersion::tls_1_2:
      return TLS1_2_VERSION;
    case TlsConfig::MinVersion::tls_1_3:
      return TLS1_3_VERSION;
  }
  __builtin_unreachable();
}

Done set_ciphers(SSL_CTX* context, const std::string& ciphers) {
  const char* list = ciphers.empty() ? recommended_ciphers : ciphers.c_str();
  if (SSL_CTX_set_cipher_list(context, list) == 1) return std::monostate{};
  ERR_clear_error();
  return Failure{"no cipher of TLS 1.2 is called \"" + ciphers + "\""};
}

Done trust_clients_of(SSL_CTX* context, const std::string& pem) {
  const auto authorities = certificates_in(pem);
  if (!authorities) {
    return Failure{"certificate " + std::to_string(authorities.error()) +
                   " in the file of client certificate authorities can't be read"};
  }
  if (authorities->empty()) {
    return Failure{std::string("the file of client certificate authorities has none")};
  }
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : *authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return Failure{"a certificate authority of clients can't be used: " + last_reason()};
    }
  }
  return std::monostate{};
}

int verification_of(TlsConfig::ClientCertificates wanted) {
  switch (wanted) {
    case TlsConfig::ClientCertificates::none:
      return SSL_VERIFY_NONE;
    case TlsConfig::ClientCertificates::optional:
      return SSL_VERIFY_PEER;
    case TlsConfig::ClientCertificates::required:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  __builtin_unreachable();
}

Done verify_clients(SSL_CTX* context, const ContextSettings& settings) {
  if (settings.client_certificates == TlsConfig::ClientCertificates::none) return std::monostate{};
  SSL_CTX_set_verify(context, verification_of(settings.client_certificates), nullptr);
  SSL_CTX_set_max_cert_list(context, max_client_chain);
  // A client whose certificate is not accepted any more must not resume its session.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return trust_clients_of(context, settings.client_ca_pem);
}

void set_fixed_options(SSL_CTX* context) {
  SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
  SSL_CTX_set_timeout(
      context, std::chrono::duration_cast<std::chrono::seconds>(TicketKeys::lifetime).count());
  SSL_CTX_set_cert_cb(context, on_certificate_wanted, nullptr);
  SSL_CTX_set_alpn_select_cb(context, on_protocols_offered, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  SSL_CTX_set_client_hello_cb(context, on_client_hello, nullptr);
  SSL_CTX_set_session_ticket_cb(context, on_ticket_made, on_ticket_read, nullptr);
}

}  // namespace

Result<std::shared_ptr<const ServerContext>, std::string> ServerContext::make(
    const ContextSettings& settings, Certificates certificates,
    std::shared_ptr<TicketKeys> ticket_keys) {
  auto made_context = new_context(TLS_server_method());
  if (!made_context) return Failure{made_context.error()};
  SslContextPtr context = std::move(*made_context);
  set_fixed_options(context.get());
  SSL_CTX_set_min_proto_version(context.get(), version_of(settings.min_version));
  if (auto done = set_ciphers(context.get(), settings.ciphers); !done) return Failure{done.error()};
  if (auto done = verify_clients(context.get(), settings); !done) return Failure{done.error()};
  std::shared_ptr<const ServerContext> made(new ServerContext(
      std::move(context), std::move(certificates), std::move(ticket_keys), settings.protocols));
  if (std::string fault = made->fault_of_certificates(); !fault.empty()) {
    return Failure{std::move(fault)};
  }
  return made;
}

ServerContext::ServerContext(SslContextPtr context, Certificates certificates,
                             std::shared_ptr<TicketKeys> ticket_keys,
                             std::vector<std::string> protocols)
    : context_(std::move(context)),
      certificates_(std::move(certificates)),
      ticket_keys_(std::move(ticket_keys)),
      protocols_(std::move(protocols)) {}

std::string ServerContext::fault_of_certificates() const {
  const SslPtr trial = new_session();
  for (const auto& certificate : certificates_.all()) {
    if (use(trial.get(), *certificate)) continue;
    const std::string name = certificate->names.empty() ? "?" : certificate->names.front();
    return "the certificate for " + name + " can't be used: " + last_reason();
  }
  return "";
}

SslPtr ServerContext::new_session() const {
  SslPtr session(SSL_new(context_.get()));
  if (!session) throw std::bad_alloc();
  SSL_set_accept_state(session.get());
  return session;
}

std::string_view ServerContext::choose_protocol(std::string_view offered) const {
  for (const std::string& ours : protocols_) {
    // Each entry has its size in front (RFC 7301); OpenSSL has checked the sizes.
    for (std::string_view rest = offered; !rest.empty();) {
      const std::size_t size = static_cast<unsigned char>(rest.front());
      const std::string_view entry = rest.substr(1, size);
      if (entry == ours) return ours;
      rest.remove_prefix(1 + entry.size());
    }
  }
  return {};
}

}  // namespace sioserve::tls

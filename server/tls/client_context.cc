#include "server/tls/client_context.h"

#include <openssl/err.h>

#include <cassert>
#include <new>
#include <utility>
#include <variant>

#include "server/tls/context_parts.h"
#include "server/tls/system_trust.h"

namespace sioserve::tls {
namespace {

constexpr long max_server_chain = 65'536;  // bytes

using Done = Result<std::monostate, std::string>;

Done verify_servers(SSL_CTX* context, const ClientContextSettings& settings) {
  using Verification = ClientContextSettings::Verification;
  switch (settings.verification) {
    case Verification::none:
      SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
      return std::monostate{};
    case Verification::required:
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
      trust_system(*SSL_CTX_get_cert_store(context));
      if (settings.authorities_pem.empty()) return std::monostate{};
      return trust(*context, settings.authorities_pem);
  }
  __builtin_unreachable();
}

}  // namespace

Result<std::shared_ptr<const ClientContext>, std::string> ClientContext::make(
    const ClientContextSettings& settings) {
  auto context = new_context(TLS_client_method());
  if (!context) return Failure{context.error()};
  SSL_CTX* made = context->get();
  SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(made, recommended_ciphers);
  SSL_CTX_set_max_cert_list(made, max_server_chain);
  if (auto done = verify_servers(made, settings); !done) return Failure{done.error()};
  if (settings.own) {
    if (auto done = use(*made, *settings.own); !done) return Failure{done.error()};
  }
  return std::shared_ptr<const ClientContext>(new ClientContext(std::move(*context)));
}

SslPtr ClientContext::new_session(const std::string& host) const {
  ERR_clear_error();
  SslPtr session(SSL_new(context_.get()));
  if (!session) throw std::bad_alloc();
  assert(!host.empty());  // any certificate would do
  X509_VERIFY_PARAM* wanted = SSL_get0_param(session.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) != 1) {
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool is_set = X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()) == 1 &&
                        SSL_set_tlsext_host_name(session.get(), host.c_str()) == 1;
    if (!is_set) throw std::bad_alloc();
  }
  ERR_clear_error();
  SSL_set_connect_state(session.get());
  return session;
}

}  // namespace sioserve::tls

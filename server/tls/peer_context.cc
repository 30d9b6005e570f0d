#include "server/tls/peer_context.h"

#include <new>
#include <utility>

#include "server/tls/context_parts.h"

namespace sioserve::tls {
namespace {

constexpr long max_peer_chain = 65'536;  // bytes

Result<SslContextPtr, std::string> make_context(const SSL_METHOD* method, const Certificate& own,
                                                const std::string& authorities_pem) {
  auto made = new_context(method);
  if (!made) return made;
  SSL_CTX& context = **made;
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(&context, recommended_ciphers);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_max_cert_list(&context, max_peer_chain);
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(&context, 0);
  if (auto done = trust(context, authorities_pem); !done) return Failure{done.error()};
  if (auto done = use(context, own); !done) return Failure{done.error()};
  return made;
}

SslPtr session_of(SSL_CTX& context) {
  SslPtr session(SSL_new(&context));
  if (!session) throw std::bad_alloc();
  return session;
}

}  // namespace

Result<std::shared_ptr<const PeerContext>, std::string> PeerContext::make(
    const Certificate& own, const std::string& authorities_pem) {
  auto connecting = make_context(TLS_client_method(), own, authorities_pem);
  if (!connecting) return Failure{connecting.error()};
  auto accepting = make_context(TLS_server_method(), own, authorities_pem);
  if (!accepting) return Failure{accepting.error()};
  return std::shared_ptr<const PeerContext>(
      new PeerContext(std::move(*connecting), std::move(*accepting)));
}

SslPtr PeerContext::connect() const {
  SslPtr session = session_of(*connecting_);
  SSL_set_connect_state(session.get());
  return session;
}

SslPtr PeerContext::accept() const {
  SslPtr session = session_of(*accepting_);
  SSL_set_accept_state(session.get());
  return session;
}

}  // namespace sioserve::tls

#include "server/tls/session.h"

#include <openssl/err.h>

#include <algorithm>
#include <utility>

namespace sioserve::tls {
namespace {

std::string subject_of(X509& certificate) {
  const BioPtr writer(BIO_new(BIO_s_mem()));
  // RFC 4514, as ASGI wants it.
  X509_NAME_print_ex(writer.get(), X509_get_subject_name(&certificate), 0,
                     XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* data = nullptr;
  const long size = BIO_get_mem_data(writer.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// `code`: of OpenSSL's error queue.
Error error_of(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return Error::malformed;
  // The alerts of the client, whose numbers are one byte.
  if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 0xFF) {
    return Error::rejected_by_client;
  }
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_UNKNOWN_PROTOCOL:
      return Error::unsupported_version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      return Error::no_shared_cipher;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return Error::no_shared_protocol;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return Error::no_client_certificate;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return Error::client_certificate_invalid;
    default:
      return Error::malformed;
  }
}

}  // namespace

Session::Session(std::shared_ptr<const ServerContext> context)
    : Engine(context->new_session()), context_(std::move(context)) {
  SSL_set_app_data(ssl(), this);
}

Session::~Session() = default;

void Session::receive(std::string_view ciphertext, TimePoint now, std::string& plaintext) {
  now_ = now;
  Engine::receive(ciphertext, plaintext);
}

Error Session::error() const { return error_of(error_code()); }

TlsDetails Session::details() const {
  TlsDetails details;
  details.version = static_cast<std::uint16_t>(SSL_version(ssl()));
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl())) {
    details.cipher_suite = SSL_CIPHER_get_protocol_id(cipher);
  }
  const char* host = SSL_get_servername(ssl(), TLSEXT_NAMETYPE_host_name);
  const auto& possible = context_->certificates().find(host == nullptr ? "" : host);
  // A resumed session does not say which one of several it was.
  const X509* sent = SSL_get_certificate(ssl());
  const auto found = std::ranges::find_if(
      possible, [sent](const Certificate* one) { return one->leaf.get() == sent; });
  details.server_cert = (found == possible.end() ? possible.front() : *found)->pem;

  const X509Ptr peer(SSL_get1_peer_certificate(ssl()));
  if (!peer) return details;
  details.client_cert_name = subject_of(*peer);
  // On the server's side, OpenSSL does not count the leaf as a part of the chain.
  details.client_cert_chain.push_back(to_pem(*peer));
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl());
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    details.client_cert_chain.push_back(to_pem(*sk_X509_value(chain, i)));
  }
  return details;
}

std::string_view Session::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool Session::resumed() const { return SSL_session_reused(ssl()) == 1; }

}  // namespace sioserve::tls

#include "tests/unit/tls/made_certificates.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdlib>

#include "server/tls/certificate.h"

namespace sioserve::tls {
namespace {

constexpr long one_day = 86'400;  // seconds

KeyPtr make_key(KeyKind kind) {
  switch (kind) {
    case KeyKind::ecdsa:
      return KeyPtr(EVP_EC_gen("P-256"));
    case KeyKind::rsa:
      return KeyPtr(EVP_RSA_gen(2048));
    case KeyKind::short_rsa:
      return KeyPtr(EVP_RSA_gen(1024));
  }
  __builtin_unreachable();
}

std::string text_of(const BioPtr& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

X509Ptr unsigned_certificate(EVP_PKEY* key, const std::string& name) {
  static long serial = 0;
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -one_day);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), one_day);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

void add_extension(X509& certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) std::abort();
  X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

Authority::Authority(const std::string& name)
    : key_(make_key(KeyKind::ecdsa)), certificate_(unsigned_certificate(key_.get(), name)) {
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  add_extension(*certificate_, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate_.get(), key_.get(), EVP_sha256());
}

MadeCertificate Authority::issue(const std::vector<std::string>& names, KeyKind kind,
                                 Validity validity) const {
  const KeyPtr key = make_key(kind);
  const X509Ptr certificate = unsigned_certificate(key.get(), names.front());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  if (validity == Validity::expired) X509_gmtime_adj(X509_getm_notAfter(certificate.get()), -60);
  std::string alternatives;
  for (const std::string& name : names) {
    const bool is_address = name.find_first_not_of("0123456789.") == std::string::npos;
    alternatives += (alternatives.empty() ? "" : ",") + ((is_address ? "IP:" : "DNS:") + name);
  }
  add_extension(*certificate, NID_subject_alt_name, alternatives);
  X509_sign(certificate.get(), key_.get(), EVP_sha256());
  const BioPtr writer(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(writer.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {to_pem(*certificate), text_of(writer)};
}

std::string Authority::pem() const { return to_pem(*certificate_); }

std::string encrypted_key(const MadeCertificate& made, const std::string& password) {
  const BioPtr reader(BIO_new_mem_buf(made.key.data(), static_cast<int>(made.key.size())));
  const KeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, nullptr, nullptr));
  const BioPtr writer(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(writer.get(), key.get(), EVP_aes_256_cbc(), password.c_str(),
                                static_cast<int>(password.size()), nullptr, nullptr);
  return text_of(writer);
}

}  // namespace sioserve::tls

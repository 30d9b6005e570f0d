#include "server/tls/pem.h"

#include <utility>

namespace sioserve::tls {

Result<std::vector<X509Ptr>, std::size_t> certificates_in(std::string_view pem) {
  ERR_clear_error();
  const BioPtr reader(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<X509Ptr> found;
  while (X509Ptr one{PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)}) {
    found.push_back(std::move(one));
  }
  const bool is_complete = at_end_of_pem();
  ERR_clear_error();
  if (!is_complete) return Failure{found.size() + 1};
  return found;
}

}  // namespace sioserve::tls

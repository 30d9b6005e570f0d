#include "server/tls/certificates.h"

#include <algorithm>
#include <utility>

#include "server/base/field_syntax.h"

namespace sioserve::tls {

void Certificates::add(std::shared_ptr<const Certificate> certificate) {
  for (const std::string& name : certificate->names) by_name_[name].push_back(certificate.get());
  // A second certificate of the first one's host is an alternative to it.
  const bool is_default =
      all_.empty() || (!certificate->names.empty() && certificate->names == all_.front()->names);
  if (is_default) default_.push_back(certificate.get());
  all_.push_back(std::move(certificate));
}

const Certificates::List& Certificates::find(std::string_view host) const {
  std::string name(host);
  std::ranges::transform(name, name.begin(), to_lower);
  if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
  if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
    const auto found = by_name_.find("*" + name.substr(dot));
    if (found != by_name_.end()) return found->second;
  }
  return default_;
}

}  // namespace sioserve::tls

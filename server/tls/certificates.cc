#include "server/tls/certificates.h"

#include <algorithm>
#include <utility>

#include "server/base/field_syntax.h"

namespace sioserve::tls {

namespace {

void add_to(Certificates::List& list, const Certificate& certificate) {
  const auto rival = std::ranges::find_if(list, [&certificate](const Certificate* other) {
    return have_keys_of_one_kind(*other, certificate);
  });
  if (rival == list.end()) {
    list.push_back(&certificate);
  } else if (!expires_before(certificate, **rival)) {
    *rival = &certificate;
  }
}

}  // namespace

void Certificates::add(std::shared_ptr<const Certificate> certificate) {
  for (const std::string& name : certificate->names) add_to(by_name_[name], *certificate);
  // A second certificate of the first one's host is an alternative to it.
  const bool is_default =
      all_.empty() || (!certificate->names.empty() && certificate->names == all_.front()->names);
  if (is_default) add_to(default_, *certificate);
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

#include "server/static_files/content_coding.h"

#include "server/base/accept_encoding.h"

namespace sioserve::static_files {
namespace {

constexpr std::array<std::string_view, codings.size()> names = {codings[0].name, codings[1].name,
                                                                codings[2].name};

}  // namespace

std::vector<const Coding*> acceptable_codings(std::string_view accept_encoding) {
  std::vector<const Coding*> ordered;
  for (const std::size_t i : sioserve::acceptable_codings(accept_encoding, names)) {
    ordered.push_back(&codings[i]);
  }
  return ordered;
}

}  // namespace sioserve::static_files

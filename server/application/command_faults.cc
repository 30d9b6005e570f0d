#include "server/application/command_faults.h"

#include <algorithm>
#include <cstdint>
#include <variant>

#include "server/base/field_syntax.h"

namespace sioserve::application {
namespace {

// Of off_t.
constexpr std::uint64_t max_file = INT64_MAX;

struct FindFault {
  using Fault = std::optional<std::string_view>;

  Fault operator()(const HttpEarlyHints& command) const {
    if (std::ranges::all_of(command.links, is_field_value)) return std::nullopt;
    return "early hints with a control character";
  }
  Fault operator()(const HttpTrailers& command) const {
    const bool are_fields = std::ranges::all_of(command.trailers, [](const Header& trailer) {
      return is_token(trailer.name) && is_field_value(trailer.value);
    });
    if (are_fields) return std::nullopt;
    return "trailers that are no fields of HTTP";
  }
  Fault operator()(const HttpRespondFile& command) const {
    const FilePart& file = command.file;
    if (file.offset <= max_file && file.size <= max_file - file.offset) return std::nullopt;
    return "a part of a file that no file can have";
  }
  template <typename Other>
  Fault operator()(const Other&) const {
    return std::nullopt;
  }
};

}  // namespace

std::optional<std::string_view> fault_of(const Command& command) {
  const auto* const for_request = std::get_if<HttpCommand>(&command);
  return for_request == nullptr ? std::nullopt : std::visit(FindFault(), *for_request);
}

}  // namespace sioserve::application

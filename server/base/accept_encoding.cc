#include "server/base/accept_encoding.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/base/field_syntax.h"

namespace sioserve {
namespace {

// In thousandths, from the part after a member's semicolon; nullopt if it is not a weight.
std::optional<int> parse_weight(std::string_view text) {
  text = trim(text);
  if (text.size() < 3 || to_lower(text[0]) != 'q' || text[1] != '=') return std::nullopt;
  text.remove_prefix(2);
  if ((text[0] != '0' && text[0] != '1') || text.size() > 5) return std::nullopt;
  int weight = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int place = 100;
  for (const char digit : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    weight += (digit - '0') * place;
    place /= 10;
  }
  return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

struct Weights {
  std::vector<std::optional<int>> of_coding;
  std::optional<int> identity;
  std::optional<int> others;
};

Weights parse(std::string_view accept_encoding, std::span<const std::string_view> codings) {
  Weights weights;
  weights.of_coding.resize(codings.size());
  for (const std::string_view member : split_list(accept_encoding)) {
    const std::size_t semicolon = member.find(';');
    const auto weight = semicolon == std::string_view::npos
                            ? std::optional(1000)
                            : parse_weight(member.substr(semicolon + 1));
    if (!weight) continue;
    const std::string_view name = trim(member.substr(0, semicolon));
    if (name == "*") weights.others = weight;
    if (equals_ignoring_case(name, "identity")) weights.identity = weight;
    for (std::size_t i = 0; i < codings.size(); ++i) {
      const bool is_old_name = codings[i] == "gzip" && equals_ignoring_case(name, "x-gzip");
      if (is_old_name || equals_ignoring_case(name, codings[i])) weights.of_coding[i] = weight;
    }
  }
  return weights;
}

}  // namespace

std::vector<std::size_t> acceptable_codings(std::string_view accept_encoding,
                                            std::span<const std::string_view> codings) {
  const Weights weights = parse(accept_encoding, codings);
  const auto weight_of = [&](std::size_t i) {
    return weights.of_coding[i].value_or(weights.others.value_or(0));
  };
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < codings.size(); ++i) {
    if (weight_of(i) > 0 && weight_of(i) >= weights.identity.value_or(0)) found.push_back(i);
  }
  std::stable_sort(found.begin(), found.end(), [&](std::size_t left, std::size_t right) {
    return weight_of(left) > weight_of(right);
  });
  return found;
}

}  // namespace sioserve

#include "server/ws/deflate_offer.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "server/base/field_syntax.h"

namespace sioserve::ws {
namespace {

constexpr int preferred_window_bits = 12;
constexpr int max_window_bits = 15;
constexpr int min_window_bits = 8;
// zlib does not support raw deflate with a window of 256 bytes.
constexpr int min_own_window_bits = 9;

struct Parameter {
  std::string_view name;
  std::optional<std::string_view> value;
};

// Trimmed members between separators that stand outside quoted strings.
std::vector<std::string_view> split_unquoted(std::string_view text, char separator) {
  std::vector<std::string_view> members;
  std::size_t start = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '"') quoted = !quoted;
    if (i < text.size() && (quoted || text[i] != separator)) continue;
    members.push_back(trim(text.substr(start, i - start)));
    start = i + 1;
  }
  return members;
}

Parameter parse_parameter(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {text, std::nullopt};
  std::string_view value = trim(text.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  return {trim(text.substr(0, equals)), value};
}

std::optional<int> parse_window_bits(std::string_view value) {
  const bool digits =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || value.empty() || value.size() > 2 || value.front() == '0') return std::nullopt;
  int bits = 0;
  for (const char c : value) bits = bits * 10 + (c - '0');
  if (bits < min_window_bits || bits > max_window_bits) return std::nullopt;
  return bits;
}

// One parsed offer; an unknown, repeated or invalid parameter makes it invalid.
class Offer {
 public:
  // False: the offer must be declined.
  bool add(const Parameter& parameter) {
    const auto is = [&](std::string_view name) {
      return equals_ignoring_case(parameter.name, name);
    };
    if (is("server_no_context_takeover")) return set_flag(parameter, server_no_takeover_);
    if (is("client_no_context_takeover")) return set_flag(parameter, client_no_takeover_);
    if (is("server_max_window_bits")) {
      return parameter.value && set_bits(parameter, server_window_bits_) &&
             *server_window_bits_ >= min_own_window_bits;
    }
    if (is("client_max_window_bits")) return set_bits(parameter, client_window_bits_);
    return false;
  }

  DeflateAgreement accept() const {
    DeflateAgreement agreement{{}, "permessage-deflate"};
    DeflateParameters& chosen = agreement.parameters;
    std::string& answer = agreement.answer;
    if (server_no_takeover_) {
      chosen.server_context_takeover = false;
      answer += "; server_no_context_takeover";
    }
    if (client_no_takeover_) {
      chosen.client_context_takeover = false;
      answer += "; client_no_context_takeover";
    }
    chosen.server_window_bits =
        std::min(preferred_window_bits, server_window_bits_.value_or(max_window_bits));
    if (server_window_bits_) {
      answer += "; server_max_window_bits=" + std::to_string(chosen.server_window_bits);
    }
    // A smaller client window is allowed only if the client has offered the parameter.
    if (client_window_bits_) {
      chosen.client_window_bits = std::min(preferred_window_bits, *client_window_bits_);
      answer += "; client_max_window_bits=" + std::to_string(chosen.client_window_bits);
    }
    return agreement;
  }

 private:
  static bool set_flag(const Parameter& parameter, bool& flag) {
    if (flag || parameter.value) return false;
    flag = true;
    return true;
  }
  static bool set_bits(const Parameter& parameter, std::optional<int>& bits) {
    if (bits) return false;
    bits = parameter.value ? parse_window_bits(*parameter.value) : max_window_bits;
    return bits.has_value();
  }

  bool server_no_takeover_ = false;
  bool client_no_takeover_ = false;
  std::optional<int> server_window_bits_;
  std::optional<int> client_window_bits_;
};

std::optional<Offer> parse_offer(std::string_view extension) {
  const auto parts = split_unquoted(extension, ';');
  if (!equals_ignoring_case(parts.front(), "permessage-deflate")) return std::nullopt;
  Offer offer;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (!offer.add(parse_parameter(parts[i]))) return std::nullopt;
  }
  return offer;
}

}  // namespace

std::optional<DeflateAgreement> accept_deflate_offer(std::string_view offers) {
  for (const std::string_view extension : split_unquoted(offers, ',')) {
    if (const auto offer = parse_offer(extension)) return offer->accept();
  }
  return std::nullopt;
}

}  // namespace sioserve::ws

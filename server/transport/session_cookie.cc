#include "server/transport/session_cookie.h"

#include <algorithm>
#include <vector>

#include "server/base/field_syntax.h"

namespace sioserve::transport {
namespace {

struct Attribute {
  std::string_view name;
  std::string_view value;
};

std::vector<Attribute> split(std::string_view attributes) {
  std::vector<Attribute> found;
  while (!attributes.empty()) {
    const std::size_t end = std::min(attributes.find(';'), attributes.size());
    const std::string_view text = trim(attributes.substr(0, end));
    attributes.remove_prefix(std::min(end + 1, attributes.size()));
    if (text.empty()) continue;
    const std::size_t equals = std::min(text.find('='), text.size());
    found.push_back(
        {trim(text.substr(0, equals)), trim(text.substr(std::min(equals + 1, text.size())))});
  }
  return found;
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> allowed) {
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](std::string_view name) { return equals_ignoring_case(text, name); });
}

bool is_usable(const Attribute& attribute) {
  const auto& [name, value] = attribute;
  if (is_one_of(name, {"HttpOnly", "Secure", "Partitioned"})) return value.empty();
  if (is_one_of(name, {"Path"})) return value.starts_with('/');
  if (is_one_of(name, {"Domain", "Expires"})) return !value.empty();
  if (is_one_of(name, {"Max-Age"})) return is_number(value);
  if (is_one_of(name, {"SameSite"})) return is_one_of(value, {"Strict", "Lax", "None"});
  if (is_one_of(name, {"Priority"})) return is_one_of(value, {"Low", "Medium", "High"});
  return false;
}

// The value of an attribute; nullopt if it is absent.
std::optional<std::string_view> find(const std::vector<Attribute>& attributes,
                                     std::string_view name) {
  for (const Attribute& attribute : attributes) {
    if (equals_ignoring_case(attribute.name, name)) return attribute.value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> fault_of_cookie(const EngineIoConfig& config) {
  const std::string& name = config.cookie;
  if (name.empty()) return std::nullopt;
  if (!is_token(name)) return "cookie: \"" + name + "\" is no name of a cookie";
  const std::string setting = "cookie_attributes: ";
  if (!is_field_value(config.cookie_attributes)) return setting + "have control characters";
  const auto attributes = split(config.cookie_attributes);
  for (const Attribute& attribute : attributes) {
    if (is_usable(attribute)) continue;
    std::string text(attribute.name);
    if (!attribute.value.empty()) text += "=" + std::string(attribute.value);
    return setting + "\"" + text +
           "\" is none of Path=/..., Domain=..., Max-Age=N, Expires=..., Secure, HttpOnly, "
           "SameSite=Strict|Lax|None, Partitioned, Priority=Low|Medium|High";
  }
  // Browsers ignore such cookies silently.
  const bool secure = find(attributes, "Secure").has_value();
  const bool for_other_sites =
      equals_ignoring_case(find(attributes, "SameSite").value_or(""), "None");
  if (!secure && for_other_sites) return setting + "SameSite=None needs Secure";
  if (!secure && find(attributes, "Partitioned")) return setting + "Partitioned needs Secure";
  if (!secure && (name.starts_with("__Secure-") || name.starts_with("__Host-"))) {
    return setting + "the name \"" + name + "\" needs Secure";
  }
  if (name.starts_with("__Host-") &&
      (find(attributes, "Path") != "/" || find(attributes, "Domain"))) {
    return setting + "the name \"" + name + "\" needs Path=/ and no Domain";
  }
  return std::nullopt;
}

void add_session_cookie(const EngineIoConfig& config, std::string_view sid, Headers& answer) {
  if (config.cookie.empty()) return;
  std::string value = config.cookie + "=" + std::string(sid);
  for (const auto& [name, argument] : split(config.cookie_attributes)) {
    value += "; " + std::string(name);
    if (!argument.empty()) value += "=" + std::string(argument);
  }
  answer.push_back({"set-cookie", value});
}

}  // namespace sioserve::transport

#include "server/http/request_target.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "server/base/field_syntax.h"

namespace sioserve::http {
namespace {

bool is_target_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && c != '#';
}

void split_origin_form(std::string_view target, RequestHead& head) {
  const std::size_t question_mark = target.find('?');
  head.raw_path = target.substr(0, question_mark);
  head.query_string =
      question_mark == std::string_view::npos ? "" : target.substr(question_mark + 1);
  if (head.raw_path.find('%') == std::string::npos) {
    head.path = head.raw_path;
  } else {
    head.path = percent_decode(head.raw_path, PlusSign::literal);
  }
}

void replace_host(std::string_view authority, RequestHead& head) {
  for (Header& header : head.headers) {
    if (header.name == "host") header.value = authority;
  }
}

TargetForm split_absolute_form(std::string_view target, RequestHead& head) {
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return TargetForm::invalid;
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return TargetForm::invalid;
  }
  target.remove_prefix(scheme_end + 3);
  const std::size_t authority_end = std::min(target.find_first_of("/?"), target.size());
  const std::string_view authority = target.substr(0, authority_end);
  if (authority.empty() || authority.find('@') != std::string_view::npos) {
    return TargetForm::invalid;
  }
  replace_host(authority, head);
  target.remove_prefix(authority_end);
  if (target.starts_with('/')) {
    split_origin_form(target, head);
  } else {
    std::string with_path = "/";
    with_path += target;
    split_origin_form(with_path, head);
  }
  return TargetForm::valid;
}

}  // namespace

TargetForm split_target(std::string_view target, RequestHead& head) {
  if (!std::all_of(target.begin(), target.end(), is_target_character)) return TargetForm::invalid;
  if (target.starts_with('/')) {
    split_origin_form(target, head);
    return TargetForm::valid;
  }
  if (target == "*" && head.method == "OPTIONS") {
    split_origin_form(target, head);
    return TargetForm::valid;
  }
  return split_absolute_form(target, head);
}

}  // namespace sioserve::http

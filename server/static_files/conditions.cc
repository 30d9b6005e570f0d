#include "server/static_files/conditions.h"

#include "server/base/entity_tag.h"
#include "server/http/http_date.h"

namespace sioserve::static_files {

Verdict check_conditions(const Conditions& conditions, const Validators& validators) {
  if (!conditions.if_match.empty()) {
    if (!lists_entity_tag(conditions.if_match, validators.etag, TagComparison::strong)) {
      return Verdict::precondition_failed;
    }
  } else if (!conditions.if_unmodified_since.empty()) {
    const auto date = http::parse_http_date(conditions.if_unmodified_since);
    if (date && validators.last_modified > *date) return Verdict::precondition_failed;
  }
  if (!conditions.if_none_match.empty()) {
    return lists_entity_tag(conditions.if_none_match, validators.etag, TagComparison::weak)
               ? Verdict::not_modified
               : Verdict::proceed;
  }
  if (!conditions.if_modified_since.empty()) {
    const auto date = http::parse_http_date(conditions.if_modified_since);
    if (date && validators.last_modified <= *date) return Verdict::not_modified;
  }
  return Verdict::proceed;
}

bool range_is_current(std::string_view if_range, const Validators& validators, std::time_t now) {
  if (if_range.empty()) return true;
  // One tag or one date, not a list; a weak tag never matches.
  if (if_range.find('"') != std::string_view::npos) return if_range == validators.etag;
  const auto date = http::parse_http_date(if_range);
  return date && *date == validators.last_modified && validators.last_modified < now;
}

}  // namespace sioserve::static_files

#include "server/metrics/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <span>
#include <utility>

#include "server/base/field_syntax.h"
#include "server/base/utf8.h"

namespace sioserve::metrics {
namespace {

constexpr std::array<std::string_view, 2> units = {"seconds", "bytes"};

std::string_view type_name(Kind kind) {
  switch (kind) {
    case Kind::counter:
      return "counter";
    case Kind::gauge:
      return "gauge";
    case Kind::histogram:
      return "histogram";
  }
  __builtin_unreachable();
}

std::string_view unit_of(std::string_view name) {
  for (const std::string_view unit : units) {
    if (name.ends_with(unit)) return unit;
  }
  return {};
}

void append_number(std::uint64_t number, std::string& out) { out += std::to_string(number); }

// Without an exponent.
void append_number(double number, std::string& out) {
  char digits[512];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed).ptr;
  out.append(digits, end);
}

void append_seconds(std::chrono::microseconds duration, std::string& out) {
  append_number(std::chrono::duration<double>(duration).count(), out);
}

// Inside of double quotes.
void append_label_value(std::string_view value, std::string& out) {
  const bool is_text = is_utf8(value);
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      const bool is_ascii = static_cast<unsigned char>(c) < 0x80;
      out += is_text || is_ascii ? c : '?';
    }
  }
}

// Of one range of an Accept header: its quality (RFC 9110, 12.4.2) in thousandths, and 0 if it is
// for another type than `type`.
int quality_for(std::string_view type, std::string_view range) {
  const std::size_t end = std::min(range.find(';'), range.size());
  if (!equals_ignoring_case(trim(range.substr(0, end)), type)) return 0;
  const std::size_t q = range.find("q=", end);
  if (q == std::string_view::npos) return 1000;
  int thousandths = 0;
  int worth = 1000;  // of the next digit
  for (const char c : range.substr(q + 2)) {
    if (c >= '0' && c <= '9') {
      thousandths += (c - '0') * std::exchange(worth, worth / 10);
    } else if (c != '.') {
      break;
    }
  }
  return std::min(thousandths, 1000);
}

}  // namespace

std::string_view content_type(Format format) {
  switch (format) {
    case Format::prometheus:
      return "text/plain; version=0.0.4; charset=utf-8";
    case Format::open_metrics:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
  }
  __builtin_unreachable();
}

Format choose_format(std::string_view accept) {
  int open_metrics = 0;
  int plain = 0;
  for (const std::string_view range : split_list(accept)) {
    open_metrics = std::max(open_metrics, quality_for("application/openmetrics-text", range));
    plain = std::max(plain, quality_for("text/plain", range));
  }
  return open_metrics > 0 && open_metrics >= plain ? Format::open_metrics : Format::prometheus;
}

void Exposition::begin(const Family& family) {
  family_ = family;
  const bool has_suffix = family.kind == Kind::counter && format_ == Format::prometheus;
  const std::string_view suffix = has_suffix ? "_total" : "";
  text_ += "# HELP ";
  append_name(suffix);
  text_ += ' ';
  append_help(family.help);
  text_ += "\n# TYPE ";
  append_name(suffix);
  text_ += ' ';
  text_ += type_name(family.kind);
  text_ += '\n';
  const std::string_view unit = unit_of(family.name);
  if (format_ == Format::prometheus || unit.empty()) return;
  text_ += "# UNIT ";
  append_name("");
  text_ += ' ';
  text_ += unit;
  text_ += '\n';
}

void Exposition::sample(Labels labels, std::uint64_t value) {
  append_name(family_.kind == Kind::counter ? "_total" : "");
  append_labels(labels);
  append_number(value, text_);
  text_ += '\n';
}

void Exposition::sample(Labels labels, double value) {
  append_name(family_.kind == Kind::counter ? "_total" : "");
  append_labels(labels);
  append_number(value, text_);
  text_ += '\n';
}

void Exposition::sample(Labels labels, const Histogram& histogram) {
  std::uint64_t below = 0;
  std::string bound;
  for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
    below += histogram.counts()[i];
    bound.clear();
    if (i < histogram.bounds().size()) {
      append_seconds(histogram.bounds()[i], bound);
      // OpenMetrics writes whole numbers as floats.
      if (format_ == Format::open_metrics && bound.find('.') == std::string::npos) bound += ".0";
    } else {
      bound = "+Inf";
    }
    append_name("_bucket");
    append_labels(labels, bound);
    append_number(below, text_);
    text_ += '\n';
  }
  append_name("_sum");
  append_labels(labels);
  append_number(static_cast<double>(histogram.sum_microseconds()) / 1e6, text_);
  text_ += '\n';
  append_name("_count");
  append_labels(labels);
  append_number(histogram.total(), text_);
  text_ += '\n';
}

std::string Exposition::finish() && {
  if (format_ == Format::open_metrics) text_ += "# EOF\n";
  return std::move(text_);
}

void Exposition::append_name(std::string_view suffix) {
  text_ += family_.name;
  text_ += suffix;
}

void Exposition::append_labels(Labels labels, std::string_view bound) {
  char before = '{';
  const auto append = [&](std::string_view name, std::string_view value) {
    text_ += std::exchange(before, ',');
    text_ += name;
    text_ += "=\"";
    append_label_value(value, text_);
    text_ += '"';
  };
  for (const Label& label : labels) append(label.name, label.value);
  if (!bound.empty()) append("le", bound);
  text_ += before == ',' ? "} " : " ";
}

void Exposition::append_help(std::string_view help) {
  for (const char c : help) {
    const bool is_escaped = c == '\\' || (c == '"' && format_ == Format::open_metrics);
    if (is_escaped) text_ += '\\';
    text_ += c == '\n' ? ' ' : c;
  }
}

}  // namespace sioserve::metrics

// Writes metrics as text: the Prometheus text format 0.0.4 and OpenMetrics 1.0.
//
// A page is a sequence of families. A family has a name, a type and a help text, and one sample for
// each set of labels; a histogram has several. Both formats say the same in slightly different
// words: in OpenMetrics, the family of a counter has the name without "_total", a family has its
// unit, and the page ends with "# EOF".
//
// Knows nothing of HTTP and of what is measured.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "server/base/histogram.h"

namespace sioserve::metrics {

enum class Format { prometheus, open_metrics };

// The value of Content-Type.
std::string_view content_type(Format format);
// The format that a request with this Accept header gets (RFC 9110, 12.5.1): OpenMetrics only if
// the client names it and does not prefer plain text.
Format choose_format(std::string_view accept);

enum class Kind { counter, gauge, histogram };

struct Family {
  // As in queries, but without "_total". The unit is its last word: "_seconds", "_bytes".
  std::string_view name;
  Kind kind;
  std::string_view help;
};

struct Label {
  std::string_view name;
  std::string_view value;  // any bytes; those that are not UTF-8 become question marks
};
using Labels = std::initializer_list<Label>;

class Exposition {
 public:
  explicit Exposition(Format format) : format_(format) {}

  // The samples that follow belong to this family. Once for each family, also if it has none.
  void begin(const Family& family);
  // Of a counter or gauge.
  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, double value);
  // Of a histogram of seconds.
  void sample(Labels labels, const Histogram& histogram);
  // The page. Call it last.
  std::string finish() &&;

 private:
  void append_name(std::string_view suffix);
  void append_labels(Labels labels, std::string_view bound = {});
  void append_help(std::string_view help);

  const Format format_;
  Family family_{};
  std::string text_;
};

}  // namespace sioserve::metrics

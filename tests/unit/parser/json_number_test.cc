#include "socketio/parser/json_number.h"

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <string>

namespace sioserve::parser {
namespace {

TEST(JsonNumber, IsTheNearestDouble) {
  EXPECT_EQ(nearest_double("0"), 0.0);
  EXPECT_EQ(nearest_double("-2.5E-3"), -0.0025);
  EXPECT_EQ(nearest_double("123456789012345678901"), 123456789012345678901.0);
  EXPECT_EQ(nearest_double("1.7976931348623157e308"), 1.7976931348623157e308);
  EXPECT_EQ(nearest_double("5e-324"), 5e-324);
}

TEST(JsonNumber, IsInfiniteOrZeroOutsideTheRangeOfDouble) {
  const std::string zeros(400, '0');
  for (const std::string& large :
       {std::string("1e400"), "1" + zeros, "0." + zeros + "1e900",
        std::string("12.5E+99999999999999999999"), "1" + zeros + ".5e-9"}) {
    EXPECT_EQ(nearest_double(large), HUGE_VAL) << large;
    EXPECT_EQ(nearest_double("-" + large), -HUGE_VAL) << large;
  }
  for (const std::string& small :
       {std::string("1e-400"), "0." + zeros + "1", "1" + zeros + "e-900",
        std::string("12.5E-99999999999999999999"), std::string("1.5e-400"),
        std::string("0e99999999999999999999"), "0." + zeros + "e99999999999999999999"}) {
    EXPECT_EQ(nearest_double(small), 0.0) << small;
    EXPECT_TRUE(std::signbit(nearest_double("-" + small))) << small;
  }
}

// An application may have set a locale with a decimal comma.
TEST(JsonNumber, DoesNotDependOnTheLocale) {
  const std::string before = std::setlocale(LC_NUMERIC, nullptr);
  for (const char* locale : {"de_DE.UTF-8", "de_DE.utf8", "C.UTF-8"}) {
    if (std::setlocale(LC_NUMERIC, locale) == nullptr) continue;
    EXPECT_EQ(nearest_double("1.5"), 1.5);
    EXPECT_EQ(nearest_double("1.5e-400"), 0.0);
    EXPECT_EQ(nearest_double("1.5e400"), HUGE_VAL);
  }
  std::setlocale(LC_NUMERIC, before.c_str());
}

}  // namespace
}  // namespace sioserve::parser

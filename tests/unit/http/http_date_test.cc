#include "server/http/http_date.h"

#include <gtest/gtest.h>

namespace sioserve::http {
namespace {

TEST(HttpDate, FormatsAsTheProtocolWants) {
  HttpDate date;
  EXPECT_EQ(date.at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
}

}  // namespace
}  // namespace sioserve::http

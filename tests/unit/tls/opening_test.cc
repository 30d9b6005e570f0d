#include "server/tls/opening.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::tls {
namespace {

std::string hello(std::size_t size) {
  std::string record = {22, 3, 1, static_cast<char>(size >> 8), static_cast<char>(size & 255), 1};
  record.resize(5 + size, 'x');
  return record;
}

TEST(TlsOpening, IsAClientHelloWhenItsFirstRecordIsComplete) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{300}, std::size_t{16'384}}) {
    const std::string record = hello(size);
    for (std::size_t i = 0; i < record.size(); ++i) {
      ASSERT_EQ(opening_of(record.substr(0, i)), Opening::incomplete) << i;
    }
    EXPECT_EQ(opening_of(record), Opening::client_hello);
    EXPECT_EQ(opening_of(record + "more"), Opening::client_hello);
  }
}

TEST(TlsOpening, IsARequestWithoutTls) {
  for (const char* request : {"GET / HTTP/1.1\r\n", "OPTIONS *", "PRI * HTTP/2.0\r\n",
                              "M-SEARCH * HTTP/1.1\r\n", "\r\nGET / HTTP/1.1\r\n"}) {
    EXPECT_EQ(opening_of(request), Opening::http) << request;
  }
  for (const char* begin : {"\r", "\r\n", "\r\nGE", "M-", "GE"}) {
    EXPECT_EQ(opening_of(begin), Opening::incomplete) << begin;
  }
  EXPECT_EQ(opening_of("GET"), Opening::incomplete);
}

TEST(TlsOpening, IsUnknown) {
  for (const std::string& bytes :
       {std::string("\0", 1), std::string("\x80\x2e\x01"), std::string("SSH-2.0"),
        std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string("get / "), std::string("-GET / "),
        std::string("\r\n\r\nGET /"), std::string("\rGET /"), std::string("\x16\x04"),
        hello(16'385).substr(0, 6), std::string("\x16\x03\x01\x00\x00\x01", 6),
        std::string("\x16\x03\x01\x00\x05\x02", 6)}) {
    EXPECT_EQ(opening_of(bytes), Opening::unknown) << bytes;
  }
}

}  // namespace
}  // namespace sioserve::tls

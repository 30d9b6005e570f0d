#include "server/connection/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sioserve::connection {
namespace {

using namespace std::string_literals;

// "client:port server:port size", "own size", "more", "malformed" or "too long".
std::string parsed(std::string_view input) {
  const auto header = parse_proxy_header(input);
  if (!header) return header.error() == ProxyHeaderError::malformed ? "malformed" : "too long";
  if (!*header) return "more";
  const std::string size = std::to_string((*header)->size);
  const auto& ends = (*header)->ends;
  if (!ends) return "own " + size;
  return ends->client.host + " " + std::to_string(ends->client.port) + " " + ends->server.host +
         " " + std::to_string(ends->server.port) + " " + size;
}

// The same, with "more" for each incomplete part of it.
std::string parsed_in_pieces(const std::string& input) {
  for (std::size_t size = 0; size < input.size(); ++size) {
    const std::string outcome = parsed(std::string_view(input).substr(0, size));
    if (outcome != "more") return outcome + " after " + std::to_string(size);
  }
  EXPECT_EQ(parsed(input + "GET / HTTP/1.1\r\n"), parsed(input));
  return parsed(input);
}

std::string version_2(char command, char family, const std::string& body) {
  std::string header = "\r\n\r\n\0\r\nQUIT\n"s + command + family;
  header += static_cast<char>(body.size() >> 8);
  header += static_cast<char>(body.size() & 0xff);
  return header + body;
}

const std::string ipv4_body = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x12\x34\x01\xbb"s;

TEST(ProxyHeader, ReadsVersion1) {
  EXPECT_EQ(parsed_in_pieces("PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n"),
            "192.0.2.1 4660 198.51.100.2 443 44");
  EXPECT_EQ(parsed_in_pieces("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"),
            "2001:db8::1 1 ::1 65535 36");
  EXPECT_EQ(parsed_in_pieces("PROXY UNKNOWN\r\n"), "own 15");
  EXPECT_EQ(parsed_in_pieces("PROXY UNKNOWN ffff:f 1 2 any thing\r\n"), "own 36");
}

TEST(ProxyHeader, RefusesAMalformedVersion1) {
  for (const std::string line :
       {"TCP4 192.0.2.1 198.51.100.2 1", "TCP4 192.0.2.1 198.51.100.2 1 2 3", "TCP4 ::1 ::1 1 2",
        "TCP4 192.0.2.1  198.51.100.2 1 2", "TCP4 192.0.2 198.51.100.2 1 2",
        "TCP4 192.0.2.1 198.51.100.2 -1 2", "TCP4 192.0.2.1 198.51.100.2 1 65536",
        "TCP4 192.0.2.1 198.51.100.2 x 2", "TCP5 192.0.2.1 198.51.100.2 1 2", "UDP4 a b 1 2", "",
        "tcp4 192.0.2.1 198.51.100.2 1 2"}) {
    EXPECT_EQ(parsed("PROXY " + line + "\r\n"), "malformed") << line;
  }
  EXPECT_EQ(parsed("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n"), "own 107");
  EXPECT_EQ(parsed("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"), "too long");
  EXPECT_EQ(parsed("PROXY " + std::string(200, 'x')), "too long");
}

TEST(ProxyHeader, ReadsVersion2) {
  EXPECT_EQ(parsed_in_pieces(version_2('\x21', '\x11', ipv4_body)),
            "192.0.2.1 4660 198.51.100.2 443 28");
  const std::string one = std::string(15, '\0') + "\x01", two = "\x20\x01"s + std::string(14, '\0');
  EXPECT_EQ(parsed_in_pieces(version_2('\x21', '\x21', two + one + "\x12\x34\x01\xbb")),
            "2001:: 4660 ::1 443 52");
  EXPECT_EQ(parsed_in_pieces(version_2('\x21', '\x31', std::string(216, '/'))), " 0  0 232");
  EXPECT_EQ(parsed_in_pieces(version_2('\x20', '\x00', "")), "own 16");
  EXPECT_EQ(parsed_in_pieces(version_2('\x20', '\x11', ipv4_body)), "own 28");
  EXPECT_EQ(parsed_in_pieces(version_2('\x21', '\x00', "any")), "own 19");
}

TEST(ProxyHeader, SkipsExtensionsOfVersion2) {
  EXPECT_EQ(
      parsed_in_pieces(version_2('\x21', '\x11', ipv4_body + "\x03\x00\x04\x01\x02\x03\x04"s)),
      "192.0.2.1 4660 198.51.100.2 443 35");
}

TEST(ProxyHeader, RefusesAMalformedVersion2) {
  EXPECT_EQ(parsed(version_2('\x11', '\x11', ipv4_body)), "malformed");
  EXPECT_EQ(parsed(version_2('\x22', '\x11', ipv4_body)), "malformed");
  EXPECT_EQ(parsed(version_2('\x21', '\x11', ipv4_body.substr(1))), "malformed");
  EXPECT_EQ(parsed(version_2('\x21', '\x21', ipv4_body)), "malformed");
  EXPECT_EQ(parsed(version_2('\x21', '\x31', ipv4_body)), "malformed");
  EXPECT_EQ(parsed(version_2('\x21', '\x11', std::string(4'097, 'x'))), "too long");
}

TEST(ProxyHeader, RefusesEverythingElseAtTheFirstWrongByte) {
  for (const std::string text : {"GET / HTTP/1.1\r\n", "PRI", "PROXY\t", "\r\n\r\n\r"}) {
    EXPECT_EQ(parsed(text), "malformed") << text;
  }
  EXPECT_EQ(parsed(""), "more");
}

}  // namespace
}  // namespace sioserve::connection

#include "server/redis/redis_url.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace sioserve::redis {
namespace {

// The parts of a URL, or the error's text without its beginning.
std::string parts(std::string_view url) {
  auto parsed = parse_redis_url(url);
  if (!parsed) {
    const std::string beginning = "the URL of Redis is not valid: ";
    EXPECT_TRUE(parsed.error().starts_with(beginning));
    return "error: " + parsed.error().substr(beginning.size());
  }
  std::string text = parsed->credentials.user + "|" + parsed->credentials.password + "|";
  if (const auto* local = std::get_if<net::UnixTarget>(&parsed->target)) return text + local->path;
  const auto& tcp = std::get<net::TcpTarget>(parsed->target);
  return text + tcp.host + "|" + std::to_string(tcp.port);
}

TEST(RedisUrl, HasDefaults) {
  EXPECT_EQ(parts("redis://"), "||localhost|6379");
  EXPECT_EQ(parts("redis:///"), "||localhost|6379");
  EXPECT_EQ(parts("redis://redis.internal"), "||redis.internal|6379");
}

TEST(RedisUrl, HasHostPortAndDatabase) {
  EXPECT_EQ(parts("redis://127.0.0.1:7000/3"), "||127.0.0.1|7000");
  EXPECT_EQ(parts("redis://[::1]:7000/"), "||::1|7000");
  EXPECT_EQ(parts("redis://[::1]"), "||::1|6379");
  EXPECT_EQ(parts("redis://:7000"), "||localhost|7000");
}

TEST(RedisUrl, HasUserAndPassword) {
  EXPECT_EQ(parts("redis://:secret@host"), "|secret|host|6379");
  EXPECT_EQ(parts("redis://alice:secret@host:1"), "alice|secret|host|1");
  EXPECT_EQ(parts("redis://a%3Ab:p%40ss%2Fword@host"), "a:b|p@ss/word|host|6379");
  EXPECT_EQ(parts("redis://:p@ss:word@host"), "|p@ss:word|host|6379");
  EXPECT_EQ(parts("redis://:100%@host"), "|100%|host|6379");
}

TEST(RedisUrl, MayBeAUnixSocket) {
  EXPECT_EQ(parts("unix:///run/redis.sock"), "||/run/redis.sock");
  EXPECT_EQ(parts("redis+unix:///run/redis%20two.sock?db=2"), "||/run/redis two.sock");
  EXPECT_EQ(parts("unix://alice:secret@/run/redis.sock"), "alice|secret|/run/redis.sock");
  EXPECT_EQ(parts("unix:///run/redis.sock?db=0&username=alice&password=s%26t"),
            "alice|s&t|/run/redis.sock");
}

TEST(RedisUrl, IsRefusedIfItIsNotValid) {
  EXPECT_EQ(parts(""), "error: it does not begin with redis://");
  EXPECT_EQ(parts("localhost:6379"), "error: it does not begin with redis://");
  EXPECT_EQ(parts("http://host"), "error: it does not begin with redis://, rediss:// or unix://");
  EXPECT_EQ(parts("redis://host:0"), "error: its port is not a number from 1 to 65535");
  EXPECT_EQ(parts("redis://host:65536"), "error: its port is not a number from 1 to 65535");
  EXPECT_EQ(parts("redis://host:"), "error: its port is not a number from 1 to 65535");
  EXPECT_EQ(parts("redis://[::1"), "error: its address has a [ without a ]");
  EXPECT_EQ(parts("redis://[::1]7000"), "error: a port has to follow the ]");
  EXPECT_EQ(parts("redis://host/cache"), "error: its database is not a number");
  EXPECT_EQ(parts("redis://a%00b"), "error: its host has a zero byte");
  EXPECT_EQ(parts("redis://alice@host"), "error: it has a user without a password");
  EXPECT_EQ(parts("redis://host?protocol=3"),
            "error: it has options after ? or #, which are not supported");
  EXPECT_EQ(parts("unix://run/redis.sock"),
            "error: the path of a Unix socket begins with a third slash");
  EXPECT_EQ(parts("unix://"), "error: it has no path of a Unix socket");
  EXPECT_EQ(parts("unix:///"), "error: it has no path of a Unix socket");
  EXPECT_EQ(parts("unix:///a?db=x"), "error: its database is not a number");
  EXPECT_EQ(parts("unix:///a?retry=1"),
            "error: it has an option other than db, username and password");
}

// The settings for TLS, or the error's text.
std::string tls_parts(std::string_view url) {
  const auto parsed = parse_redis_url(url);
  if (!parsed) return parts(url);
  if (!parsed->tls) return "none";
  const bool verifies = parsed->tls->verification == TlsClientConfig::Verification::required;
  return std::string(verifies ? "verified" : "not verified") + "|" + parsed->tls->authorities +
         "|" + parsed->tls->certificate + "|" + parsed->tls->key;
}

TEST(RedisUrl, MayAskForTls) {
  EXPECT_EQ(parts("rediss://alice:secret@host:7000/1"), "alice|secret|host|7000");
  EXPECT_EQ(parts("rediss://"), "||localhost|6379");
  EXPECT_EQ(parts("rediss://:secret@host?ssl_cert_reqs=none"), "|secret|host|6379");
  EXPECT_EQ(tls_parts("redis://host"), "none");
  EXPECT_EQ(tls_parts("unix:///run/redis.sock"), "none");
  EXPECT_EQ(tls_parts("rediss://host"), "verified|||");
  EXPECT_EQ(tls_parts("rediss://host/0?"), "verified|||");
}

TEST(RedisUrl, HasTheOptionsOfRedisPyForTls) {
  EXPECT_EQ(tls_parts("rediss://host?ssl_cert_reqs=none"), "not verified|||");
  EXPECT_EQ(tls_parts("rediss://host?ssl_cert_reqs=required"), "verified|||");
  EXPECT_EQ(tls_parts("rediss://host?ssl_cert_reqs=optional"), "verified|||");
  EXPECT_EQ(tls_parts("rediss://host/2?db=2&ssl_ca_certs=/etc/my%20ca.pem"),
            "verified|/etc/my ca.pem||");
  EXPECT_EQ(tls_parts("rediss://host?ssl_ca_certs=my+ca.pem&ssl_certfile=c&ssl_keyfile=k%2B"),
            "verified|my ca.pem|c|k+");
  EXPECT_EQ(tls_parts("rediss://host?ssl_certfile=both.pem"), "verified||both.pem|");
}

TEST(RedisUrl, IsRefusedForOtherOptionsOfTls) {
  const std::string unknown =
      "error: it has an option other than ssl_cert_reqs, ssl_ca_certs, ssl_certfile, ssl_keyfile "
      "and db";
  EXPECT_EQ(tls_parts("rediss://host?ssl_ciphers=ALL"), unknown);
  EXPECT_EQ(tls_parts("rediss://:1?word@host"), unknown);  // a ? in a password is %3F
  EXPECT_EQ(tls_parts("rediss://host?ssl_cert_reqs=maybe"),
            "error: its ssl_cert_reqs is not none, optional or required");
  EXPECT_EQ(tls_parts("rediss://host?ssl_ca_certs="),
            "error: it has an option with an unusable file name");
  EXPECT_EQ(tls_parts("rediss://host?ssl_ca_certs=a%00b"),
            "error: it has an option with an unusable file name");
  EXPECT_EQ(tls_parts("rediss://host?ssl_ca_certs=a&ssl_ca_certs=b"),
            "error: it names the same kind of file twice");
  EXPECT_EQ(tls_parts("rediss://host?ssl_keyfile=k"),
            "error: it has ssl_keyfile without ssl_certfile");
  EXPECT_EQ(tls_parts("rediss://host?db=x"), "error: its database is not a number");
  EXPECT_EQ(tls_parts("rediss://host?ssl_cert_reqs=none#x"),
            "error: it has a # in its options; write it as %23");
  EXPECT_EQ(tls_parts("redis://host?ssl_cert_reqs=none"),
            "error: it has options after ? or #, which are not supported");
}

TEST(RedisUrl, IsShownWithoutThePassword) {
  EXPECT_EQ(parse_redis_url("redis://alice:secret@host:7000/1")->shown(), "redis://host:7000");
  EXPECT_EQ(parse_redis_url("redis://:secret@[::1]")->shown(), "redis://[::1]:6379");
  EXPECT_EQ(parse_redis_url("rediss://:secret@host?ssl_ca_certs=a")->shown(), "rediss://host:6379");
  EXPECT_EQ(parse_redis_url("unix://:secret@/run/redis.sock")->shown(), "unix:///run/redis.sock");
}

}  // namespace
}  // namespace sioserve::redis

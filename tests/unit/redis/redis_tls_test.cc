// The bus above TLS: what it carries, and what it says when Redis cannot be trusted.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

#include "server/base/file_descriptor.h"
#include "server/tls/client_context.h"
#include "server/tls/files.h"
#include "tests/unit/redis/redis_fixture.h"
#include "tests/unit/tls/made_certificates.h"

namespace sioserve::redis {
namespace {

std::uint16_t free_port() {
  const FileDescriptor probe(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(probe.get(), any, size), 0);
  EXPECT_EQ(::getsockname(probe.get(), any, &size), 0);
  return ntohs(address.sin_port);
}

class RedisTlsTest : public RedisTest {
 protected:
  void start_server() { start_server_for("127.0.0.1"); }
  void start_server_for(const std::string& host) {
    const auto made = authority_.issue({host});
    server_.start({"--bind", "127.0.0.1", "--tls-port", std::to_string(port_), "--tls-auth-clients",
                   client_certificates_, "--tls-cert-file", write("redis.crt", made.certificate),
                   "--tls-key-file", write("redis.key", made.key), "--tls-ca-cert-file",
                   write("ca.crt", authority_.pem())});
  }

  RedisBusSettings tls_settings() const { return tls_settings(authority_.pem()); }
  RedisBusSettings tls_settings(const std::string& authorities) const {
    RedisBusSettings made = settings();
    made.url.target = net::TcpTarget{"127.0.0.1", port_};
    made.url.tls.emplace();
    tls::ClientContextSettings trust;
    trust.authorities_pem = authorities;
    made.tls = *tls::ClientContext::make(trust);
    return made;
  }

  std::string name() const { return "Redis at rediss://127.0.0.1:" + std::to_string(port_); }

  const std::uint16_t port_ = free_port();
  const tls::Authority authority_;

  std::string write(const std::string& file, const std::string& text) const {
    const std::string path = server_.socket() + "." + file;
    std::ofstream(path) << text;
    return path;
  }

  std::string client_certificates_ = "no";  // whether Redis asks for them
};

TEST_F(RedisTlsTest, CarriesMessagesOfAnySizeInTheirOrder) {
  start_server();
  const auto sender = connect_member(tls_settings());
  const auto receiver = connect_member(tls_settings(), {"a"});
  settle(*receiver);
  Texts expected;
  for (std::size_t size : {0, 1, 16'384, 3'000'000, 10, 65'537, 20}) {
    sender->bus.publish("a", std::string(size, 'x'));
    expected.push_back("a=" + std::string(size, 'x'));
  }
  for (int i = 0; i < 2'000; ++i) {
    sender->bus.publish("a", std::to_string(i));
    expected.push_back("a=" + std::to_string(i));
  }
  run_until([&] { return receiver->observer.messages.size() == expected.size(); });
  EXPECT_TRUE(receiver->observer.messages == expected);
  EXPECT_EQ(sender->warnings, Texts{});
  EXPECT_EQ(sender->infos, Texts{"Connected to " + name()});
}

TEST_F(RedisTlsTest, SaysWhyACertificateIsRefusedAndTriesAgain) {
  start_server_for("other.example");
  const auto member = start_member(tls_settings(), {"a"});
  run_until([&] { return !member->warnings.empty(); });
  EXPECT_TRUE(member->has_warned(name() + " is not reachable ("));
  EXPECT_TRUE(member->has_warned("TLS has failed: certificate verify failed: IP address mismatch"));
  server_.kill();
  start_server();
  run_until([&] { return member->observer.connected == 1; });
  EXPECT_TRUE(member->has_warned("is back after"));
}

// Connections that are there stay.
TEST_F(RedisTlsTest, UsesNewFilesForTheNextConnection) {
  client_certificates_ = "yes";
  start_server();
  const tls::Authority unknown("Another");
  const auto write_client = [this](const tls::Authority& signer) {
    const auto made = signer.issue({"a server"});
    return write("client.pem", made.certificate + made.key);
  };
  RedisBusSettings settings = tls_settings();
  settings.url.tls->authorities = write("trusted.pem", authority_.pem());
  settings.url.tls->certificate = write_client(authority_);
  settings.tls = *tls::load_client_context(*settings.url.tls);
  const auto member = connect_member(settings, {"a"});
  settle(*member);

  // Redis refuses what the new file has, so it has been read.
  write_client(unknown);
  run_until([&] { return member->has_said("The certificates for Redis have been reloaded"); });
  settle(*member);
  EXPECT_EQ(member->observer.interrupted, 0);
  server_.kill();
  run_until([&] { return member->observer.interrupted == 1; });
  start_server();
  run_until([&] { return member->has_warned("still away"); });
  EXPECT_EQ(member->observer.connected, 1);

  write_client(authority_);
  run_until([&] { return member->observer.connected == 2; });

  // An authority that Redis' certificate is not from.
  write("trusted.pem", unknown.pem());
  member->bus.reload_certificates();
  server_.kill();
  run_until([&] { return member->observer.interrupted == 2; });
  start_server();
  run_until([&] { return member->has_warned("certificate verify failed"); });
}

TEST_F(RedisTlsTest, KeepsTheOldCertificatesIfTheFilesCannotBeUsed) {
  start_server();
  RedisBusSettings settings = tls_settings();
  settings.url.tls->authorities = write("trusted.pem", authority_.pem());
  const auto member = connect_member(settings);
  write("trusted.pem", "nothing");
  run_until([&] { return member->has_said("have not been reloaded, the old ones stay: "); });
  server_.kill();
  run_until([&] { return member->observer.interrupted == 1; });
  start_server();
  run_until([&] { return member->observer.connected == 2; });
}

TEST_F(RedisTlsTest, SaysWhyIfTheCertificateIsAnotherOneAfterAnOutage) {
  start_server();
  const auto member = connect_member(tls_settings(), {"a"});
  server_.kill();
  run_until([&] { return member->observer.interrupted == 1; });
  start_server_for("other.example");
  run_until([&] { return member->has_warned("IP address mismatch"); });
  EXPECT_TRUE(member->has_warned(name() + " is still away: TLS has failed: "));
}

TEST_F(RedisTlsTest, RefusesAnUnknownAuthority) {
  start_server();
  const auto member = start_member(tls_settings(tls::Authority("Another").pem()));
  run_until([&] { return !member->warnings.empty(); });
  EXPECT_TRUE(
      member->has_warned("TLS has failed: certificate verify failed: self-signed certificate"));
  EXPECT_EQ(member->observer.connected, 0);
}

TEST_F(RedisTlsTest, DoesNotConnectToAPortWithoutTls) {
  server_.start({"--bind", "127.0.0.1", "--port", std::to_string(port_)});
  RedisBusSettings quick = tls_settings();
  quick.times = {Milliseconds(100), Milliseconds(200)};
  const auto member = start_member(quick);
  // Redis waits for the end of a line; if the handshake has one by chance, it answers.
  run_until([&] { return !member->warnings.empty(); });
  EXPECT_TRUE(member->has_warned("is not reachable ("));
  EXPECT_EQ(member->observer.connected, 0);
}

TEST_F(RedisTlsTest, NoticesASilentHandshakeAndASilentRedis) {
  start_server();
  RedisBusSettings quick = tls_settings();
  quick.times = {Milliseconds(100), Milliseconds(200)};
  const auto member = connect_member(quick);
  server_.pause();
  run_until([&] { return member->observer.interrupted == 1; });
  EXPECT_TRUE(member->has_warned("Redis has not answered for 200 ms")) << member->warnings[0];
  const auto late = start_member(quick);
  run_until([&] { return !late->warnings.empty(); });
  EXPECT_TRUE(late->has_warned("Redis has not answered for 200 ms")) << late->warnings[0];
  server_.resume();
  run_until([&] { return member->observer.connected == 2 && late->observer.connected == 1; });
}

TEST_F(RedisTlsTest, BoundsWhatRedisDoesNotTake) {
  start_server();
  RedisBusSettings small = tls_settings();
  small.max_unsent_bytes = 4'000'000;
  const auto member = connect_member(small);
  server_.pause();
  bool dropped = false;
  for (int i = 0; i < 100 && !dropped; ++i) {
    dropped = member->bus.publish("a", std::string(1'000'000, 'x')) == Published::dropped;
    loop_.run_once();
  }
  EXPECT_TRUE(dropped);
  EXPECT_TRUE(member->has_warned("does not keep up"));
  server_.resume();
  settle(*member);
}

}  // namespace
}  // namespace sioserve::redis

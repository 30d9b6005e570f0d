#include "server/tls/files.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/tls/made_certificates.h"

namespace sioserve::tls {
namespace {

namespace fs = std::filesystem;

class TlsFilesTest : public testing::Test {
 protected:
  TlsFilesTest() {
    std::string pattern = (fs::temp_directory_path() / "tls_files_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~TlsFilesTest() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  void write_pair(const std::string& certificate, const std::string& key, const std::string& host) {
    const auto made = authority_.issue({host});
    write(certificate, made.certificate);
    write(key, made.key);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  ServerFiles files() const { return {config_, std::make_shared<TicketKeys>()}; }
  Result<std::shared_ptr<const ServerContext>, std::string> load() const {
    auto read = files().read();
    if (!read) return Failure{read.error()};
    return read->context;
  }
  std::string error() const {
    const auto loaded = load();
    return loaded ? "" : loaded.error();
  }
  static std::string pem(const ServerFiles::Read& read, std::string_view host) {
    return to_pem(*read.context->certificates().find(host)[0]->leaf);
  }

  const Authority authority_;
  fs::path folder_;
  TlsConfig config_;
};

TEST_F(TlsFilesTest, ReadsAPair) {
  write_pair("a.crt", "a.key", "a.example");
  config_.certificates = {{path("a.crt"), path("a.key")}};
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ((*loaded)->certificates().all().size(), 1u);
}

TEST_F(TlsFilesTest, FindsThePairsOfADirectory) {
  write_pair("dir/b.crt", "dir/b.key", "b.example");
  write_pair("dir/a.pem", "dir/a.key", "a.example");
  write_pair("dir/c.example/fullchain.pem", "dir/c.example/privkey.pem", "c.example");
  write("dir/README", "nothing");
  write("dir/issuer.crt", "a certificate without a key");
  config_.directory = path("dir");
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error();
  const Certificates& found = (*loaded)->certificates();
  ASSERT_EQ(found.all().size(), 3u);
  EXPECT_EQ(found.find("")[0]->names[0], "a.example");
  EXPECT_EQ(found.find("c.example")[0]->names[0], "c.example");
}

TEST_F(TlsFilesTest, SaysWhichFileIsWrong) {
  write_pair("a.crt", "a.key", "a.example");
  write_pair("b.crt", "b.key", "b.example");
  const std::string empty = write("empty", "");
  config_.certificates = {{path("missing.crt"), path("a.key")}};
  EXPECT_EQ(error(), "cannot read " + path("missing.crt") + ": No such file or directory");
  config_.certificates = {{path("a.crt"), path("b.key")}};
  EXPECT_EQ(error(), "the private key " + path("b.key") + " does not belong to the certificate " +
                         path("a.crt"));
  config_.certificates = {{empty, path("a.key")}};
  EXPECT_EQ(error(), empty + " has no certificate (PEM)");
  config_.certificates = {{path("a.crt"), ""}};
  EXPECT_EQ(error(), path("a.crt") + " has no private key (PEM)");
  config_.certificates.clear();
  config_.directory = path("nowhere");
  EXPECT_EQ(error(),
            "cannot read the directory " + path("nowhere") + ": No such file or directory");
}

TEST_F(TlsFilesTest, ABrokenPairDoesNotHoldUpTheOthers) {
  write_pair("dir/a.crt", "dir/a.key", "a.example");
  write_pair("dir/b.crt", "dir/b.key", "b.example");
  config_.directory = path("dir");
  ServerFiles files = this->files();
  const auto first = files.read();
  ASSERT_TRUE(first) << first.error();
  EXPECT_EQ(first->warnings, std::vector<std::string>{});

  write("dir/a.key", authority_.issue({"a.example"}).key);
  write_pair("dir/b.crt", "dir/b.key", "b.example");
  write("dir/c.crt", "nothing");
  write("dir/c.key", "nothing");
  const auto second = files.read();
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ(second->warnings,
            (std::vector<std::string>{
                "the private key " + path("dir/a.key") + " does not belong to the certificate " +
                    path("dir/a.crt") + "; the old certificate stays",
                path("dir/c.crt") + " has no certificate (PEM); this certificate is left out"}));
  EXPECT_EQ(pem(*second, "a.example"), pem(*first, "a.example"));
  EXPECT_NE(pem(*second, "b.example"), pem(*first, "b.example"));

  write_pair("dir/a.crt", "dir/a.key", "a.example");
  const auto third = files.read();
  ASSERT_TRUE(third) << third.error();
  EXPECT_NE(pem(*third, "a.example"), pem(*first, "a.example"));
}

TEST_F(TlsFilesTest, ACertificateWithAKeyThatIsTooShortDoesNotHoldUpTheOthers) {
  write_pair("dir/a.crt", "dir/a.key", "a.example");
  config_.directory = path("dir");
  ServerFiles files = this->files();
  ASSERT_TRUE(files.read());
  const auto made = authority_.issue({"b.example"}, KeyKind::short_rsa);
  write("dir/b.crt", made.certificate);
  write("dir/b.key", made.key);
  const auto read = files.read();
  ASSERT_TRUE(read) << read.error();
  ASSERT_EQ(read->warnings.size(), 1u);
  EXPECT_TRUE(read->warnings[0].starts_with("the certificate for b.example can't be used: "));
}

TEST_F(TlsFilesTest, FailsIfNoPairCanBeUsed) {
  write_pair("dir/a.crt", "dir/a.key", "a.example");
  config_.directory = path("dir");
  ServerFiles files = this->files();
  ASSERT_TRUE(files.read());
  write("dir/a.crt", "nothing");
  const auto read = files.read();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), path("dir/a.crt") + " has no certificate (PEM)");
}

TEST_F(TlsFilesTest, UsesTheCertificateOfAHostThatExpiresLast) {
  for (const char* name : {"a", "z"}) {
    const bool is_old = name[0] == 'z';
    const auto made = authority_.issue({"host.example"}, KeyKind::ecdsa,
                                       is_old ? Validity::expired : Validity::now);
    write("dir/" + std::string(name) + ".crt", made.certificate);
    write("dir/" + std::string(name) + ".key", made.key);
  }
  const auto other = authority_.issue({"host.example"}, KeyKind::rsa);
  write("dir/b.crt", other.certificate);
  write("dir/b.key", other.key);
  config_.directory = path("dir");
  const auto read = files().read();
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->warnings, std::vector<std::string>{path("dir/z.crt") + " has expired"});
  for (const char* host : {"host.example", ""}) {
    const Certificates::List& found = read->context->certificates().find(host);
    ASSERT_EQ(found.size(), 2u) << "one for each kind of key";
    for (const Certificate* certificate : found) EXPECT_FALSE(has_expired(*certificate));
  }
}

TEST_F(TlsFilesTest, NoticesChanges) {
  write_pair("dir/a.crt", "dir/a.key", "a.example");
  config_.directory = path("dir");
  std::string last = fingerprint_of(config_);
  EXPECT_EQ(fingerprint_of(config_), last);
  const auto differs = [&] { return std::exchange(last, fingerprint_of(config_)) != last; };

  write("dir/new", "x");
  fs::rename(path("dir/new"), path("dir/a.crt"));
  EXPECT_TRUE(differs());
  write_pair("dir/b.crt", "dir/b.key", "b.example");
  EXPECT_TRUE(differs());
  fs::remove(path("dir/b.key"));
  EXPECT_TRUE(differs());
  EXPECT_FALSE(differs());
}

TEST_F(TlsFilesTest, NoticesThatASymbolicLinkLeadsElsewhere) {
  write_pair("archive/1.crt", "archive/1.key", "a.example");
  write_pair("archive/2.crt", "archive/2.key", "a.example");
  fs::create_symlink(path("archive/1.crt"), path("live.crt"));
  config_.certificates = {{path("live.crt"), path("archive/1.key")}};
  const std::string before = fingerprint_of(config_);
  fs::remove(path("live.crt"));
  fs::create_symlink(path("archive/2.crt"), path("live.crt"));
  EXPECT_NE(fingerprint_of(config_), before);
}

}  // namespace
}  // namespace sioserve::tls

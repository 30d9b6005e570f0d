#include "server/static_files/found_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace sioserve::static_files {
namespace {

namespace fs = std::filesystem;

class FoundFileTest : public testing::Test {
 protected:
  FoundFileTest() {
    std::string name = (fs::temp_directory_path() / "sioserve-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    fs::create_directories(root_ / "files/below");
    write("secret", "secret");
    write("files/a.css", "a");
    write("files/below/b.css", "bb");
  }
  ~FoundFileTest() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& content) {
    std::ofstream(root_ / path) << content;
  }

  Result<FoundFile, int> find(const std::string& path, const std::string& accept_encoding = "") {
    return find_file((root_ / "files").string(), path, accept_encoding, types_);
  }
  int error_of(const std::string& path) {
    const auto found = find(path);
    return found ? 0 : found.error();
  }

  fs::path root_;
  ContentTypes types_{ContentTypes::Table{{".css", "text/css"}}};
};

TEST_F(FoundFileTest, FindsARegularFile) {
  const auto found = find("below/b.css");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->facts.name, "b.css");
  EXPECT_EQ(found->facts.size, 2U);
  EXPECT_EQ(found->facts.content_type, "text/css; charset=utf-8");
  EXPECT_FALSE(found->facts.varies);
}

TEST_F(FoundFileTest, FindsNothingButRegularFiles) {
  ASSERT_EQ(::mkfifo((root_ / "files/pipe").c_str(), 0600), 0);
  EXPECT_EQ(error_of("missing.css"), ENOENT);
  EXPECT_EQ(error_of("below"), ENOENT);
  EXPECT_EQ(error_of("pipe"), ENOENT);
  EXPECT_EQ(error_of("a.css/more"), ENOENT);
  EXPECT_EQ(error_of(std::string(300, 'x')), ENOENT);
}

TEST_F(FoundFileTest, FindsNoFileOutsideTheDirectoryThroughLinks) {
  fs::create_symlink("below/b.css", root_ / "files/inside");
  fs::create_symlink("../secret", root_ / "files/outside");
  fs::create_symlink(root_ / "secret", root_ / "files/absolute");
  fs::create_symlink("..", root_ / "files/up");
  fs::create_symlink("loop", root_ / "files/loop");
  EXPECT_EQ(error_of("inside"), 0);
  EXPECT_EQ(error_of("outside"), ENOENT);
  EXPECT_EQ(error_of("absolute"), ENOENT);
  EXPECT_EQ(error_of("up/secret"), ENOENT);
  EXPECT_EQ(error_of("loop"), ENOENT);
  EXPECT_EQ(error_of("../secret"), ENOENT);
}

TEST_F(FoundFileTest, FindsFilesInADirectoryThatIsALinkAndMayBeReplaced) {
  fs::create_directory_symlink("files", root_ / "current");
  const auto is_found = [&](const std::string& path) {
    return static_cast<bool>(find_file((root_ / "current").string(), path, "", types_));
  };
  EXPECT_TRUE(is_found("a.css"));
  fs::create_directories(root_ / "next");
  write("next/n.css", "n");
  fs::remove(root_ / "current");
  fs::create_directory_symlink("next", root_ / "current");
  EXPECT_TRUE(is_found("n.css"));
  EXPECT_FALSE(is_found("a.css"));
}

TEST_F(FoundFileTest, SelectsTheBestVariantThatTheClientAccepts) {
  write("files/a.css.gz", "gzip");
  write("files/a.css.br", "brotl");
  const auto best = find("a.css", "gzip, br");
  ASSERT_TRUE(best);
  EXPECT_EQ(best->facts.coding->name, "br");
  EXPECT_EQ(best->facts.size, 5U);
  EXPECT_EQ(best->facts.name, "a.css");
  EXPECT_TRUE(best->facts.varies);
  EXPECT_EQ(find("a.css", "gzip, zstd")->facts.coding->name, "gzip");
  const auto original = find("a.css");
  EXPECT_EQ(original->facts.coding, nullptr);
  EXPECT_TRUE(original->facts.varies) << "another client would get another variant";
}

TEST_F(FoundFileTest, IgnoresAVariantWithoutItsOriginal) {
  write("files/c.css.gz", "gzip");
  const auto missing = find("c.css", "gzip");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(), ENOENT);
}

TEST_F(FoundFileTest, IgnoresAVariantThatLeadsOutsideTheDirectory) {
  fs::create_symlink("../secret", root_ / "files/a.css.gz");
  EXPECT_EQ(find("a.css", "gzip")->facts.coding, nullptr);
}

}  // namespace
}  // namespace sioserve::static_files

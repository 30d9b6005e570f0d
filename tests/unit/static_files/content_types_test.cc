#include "server/static_files/content_types.h"

#include <gtest/gtest.h>

namespace sioserve::static_files {
namespace {

TEST(ContentTypes, DependOnTheLastExtensionInAnyCase) {
  const ContentTypes types(ContentTypes::Table{{".css", "text/css"}, {".PNG", "image/png"}});
  EXPECT_EQ(types.of("a.min.css"), "text/css; charset=utf-8");
  EXPECT_EQ(types.of("A.CSS"), "text/css; charset=utf-8");
  EXPECT_EQ(types.of("a.png"), "image/png");
}

TEST(ContentTypes, AreOctetStreamForUnknownExtensions) {
  const ContentTypes types(ContentTypes::Table{{".css", "text/css"}});
  EXPECT_EQ(types.of("css"), "application/octet-stream");
  EXPECT_EQ(types.of("a.xyz"), "application/octet-stream");
  EXPECT_EQ(types.of("a."), "application/octet-stream");
}

}  // namespace
}  // namespace sioserve::static_files

#include "server/transport/options.h"

#include <gtest/gtest.h>

namespace sioserve::transport {
namespace {

TEST(Options, TheDefaultsAreValid) { EXPECT_FALSE(fault_of(EngineIoConfig{})); }

TEST(Options, UnknownTransportsAreRefused) {
  EngineIoConfig config;
  config.transports = {"websocket"};
  EXPECT_FALSE(fault_of(config));
  config.transports = {"polling", "webtransport"};
  EXPECT_EQ(fault_of(config), "transports: \"webtransport\" is neither polling nor websocket");
  config.transports = {};
  EXPECT_TRUE(fault_of(config));
}

TEST(Options, EachSettingIsChecked) {
  EngineIoConfig config;
  config.cookie = "no name";
  EXPECT_TRUE(fault_of(config)->starts_with("cookie: "));
  config.cors.origins = {"no origin"};
  EXPECT_TRUE(fault_of(config)->starts_with("cors_origins: "));
}

}  // namespace
}  // namespace sioserve::transport

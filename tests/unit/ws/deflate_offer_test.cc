#include "server/ws/deflate_offer.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::ws {
namespace {

std::string answer_to(const std::string& offers) {
  const auto agreement = accept_deflate_offer(offers);
  return agreement ? agreement->answer : "(none)";
}

TEST(DeflateOffer, APlainOneIsAccepted) {
  const auto agreement = accept_deflate_offer("permessage-deflate");
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->answer, "permessage-deflate");
  EXPECT_EQ(agreement->parameters.client_window_bits, 15);
  EXPECT_EQ(agreement->parameters.server_window_bits, 12);
  EXPECT_TRUE(agreement->parameters.client_context_takeover);
  EXPECT_TRUE(agreement->parameters.server_context_takeover);
}

TEST(DeflateOffer, AClientThatAllowsASmallWindowGetsOne) {
  const auto agreement = accept_deflate_offer("permessage-deflate; client_max_window_bits");
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->answer, "permessage-deflate; client_max_window_bits=12");
  EXPECT_EQ(agreement->parameters.client_window_bits, 12);
}

TEST(DeflateOffer, NoWindowIsLargerThanRequested) {
  const auto agreement =
      accept_deflate_offer("permessage-deflate;client_max_window_bits=8;server_max_window_bits=9");
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->answer,
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=8");
  EXPECT_EQ(agreement->parameters.client_window_bits, 8);
  EXPECT_EQ(agreement->parameters.server_window_bits, 9);
  EXPECT_EQ(answer_to("permessage-deflate; server_max_window_bits=15; client_max_window_bits=15"),
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12");
}

TEST(DeflateOffer, EitherSideMayDisableContextTakeover) {
  const auto agreement = accept_deflate_offer(
      "permessage-deflate; client_no_context_takeover; server_no_context_takeover");
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->answer,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  EXPECT_FALSE(agreement->parameters.client_context_takeover);
  EXPECT_FALSE(agreement->parameters.server_context_takeover);
}

TEST(DeflateOffer, SpacesCaseAndQuotesDoNotMatter) {
  EXPECT_EQ(answer_to(" Permessage-Deflate ;\tserver_max_window_bits = \"10\" "),
            "permessage-deflate; server_max_window_bits=10");
}

TEST(DeflateOffer, OtherExtensionsAreIgnored) {
  EXPECT_EQ(answer_to(""), "(none)");
  EXPECT_EQ(answer_to("x-webkit-deflate-frame"), "(none)");
  EXPECT_EQ(answer_to("foo; a=\"b, permessage-deflate\""), "(none)");
  EXPECT_EQ(answer_to("foo; bar=1, permessage-deflate"), "permessage-deflate");
}

TEST(DeflateOffer, TheFirstAcceptableOfferIsAccepted) {
  EXPECT_EQ(answer_to("permessage-deflate; server_max_window_bits=8, permessage-deflate; "
                      "server_no_context_takeover, permessage-deflate"),
            "permessage-deflate; server_no_context_takeover");
}

TEST(DeflateOffer, AnInvalidOfferIsDeclined) {
  for (const std::string parameter :
       {"unknown", "server_max_window_bits", "server_max_window_bits=8", "server_max_window_bits=7",
        "server_max_window_bits=16", "server_max_window_bits=010", "server_max_window_bits=1x",
        "server_max_window_bits=", "client_max_window_bits=0", "client_max_window_bits=16",
        "client_max_window_bits=-9", "client_no_context_takeover=1",
        "server_no_context_takeover=", "client_max_window_bits; client_max_window_bits=10",
        "server_no_context_takeover; server_no_context_takeover", "", "=10"}) {
    EXPECT_EQ(answer_to("permessage-deflate; " + parameter), "(none)") << parameter;
  }
}

}  // namespace
}  // namespace sioserve::ws

// Which requests belong to Engine.IO, and the responses to refused ones.
#include "server/transport/admission.h"

#include <gtest/gtest.h>

#include "tests/unit/transport/fixture.h"

namespace sioserve::transport {
namespace {

struct AdmissionTest : testing::Test, EngineIoFixture {
  bool owns(const std::string& path, const std::string& query = "") {
    return engine->owns(make_head("GET", path, query));
  }
  std::string refusal(RequestHead head) {
    const Request refused = request(std::move(head));
    EXPECT_EQ(refused->header("content-type"), "application/json");
    return std::to_string(refused->status) + " " + refused->body;
  }
  std::string refusal(const std::string& method, const std::string& query) {
    return refusal(make_head(method, "/socket.io/", query));
  }
};

const std::string unknown_transport = R"(400 {"code":0,"message":"Transport unknown"})";
const std::string unknown_sid = R"(400 {"code":1,"message":"Session ID unknown"})";
const std::string bad_method = R"(400 {"code":2,"message":"Bad handshake method"})";
const std::string bad_request = R"(400 {"code":3,"message":"Bad request"})";
const std::string forbidden = R"(403 {"code":4,"message":"Forbidden"})";
const std::string bad_version = R"(400 {"code":5,"message":"Unsupported protocol version"})";

TEST_F(AdmissionTest, TheNativePathIsOwnedWithAndWithoutAFinalSlash) {
  EXPECT_TRUE(owns("/socket.io"));
  EXPECT_TRUE(owns("/socket.io/"));
  EXPECT_FALSE(owns("/socket.io/x"));
  EXPECT_FALSE(owns("/socket.iox"));
  EXPECT_FALSE(owns("/"));
  config.native_socketio = false;
  restart();
  EXPECT_FALSE(owns("/socket.io/", "EIO=4&transport=polling"));
}

TEST_F(AdmissionTest, AnOpenSessionIsOwnedOnItsOwnPathOnly) {
  config.native_socketio = false;
  restart();
  const Request handshake =
      request(make_head("GET", "/ws/chat/", "EIO=4&transport=polling"), {}, StreamId{50});
  const std::string sid = nlohmann::json::parse(handshake->body.substr(1)).at("sid");
  EXPECT_TRUE(owns("/ws/chat/", "transport=polling&sid=" + sid));
  EXPECT_TRUE(owns("/ws/chat", "transport=polling&sid=" + sid));
  EXPECT_FALSE(owns("/ws/other/", "transport=polling&sid=" + sid));
  EXPECT_FALSE(owns("/ws/chat/", "transport=polling&sid=" + sid + "x"));
  EXPECT_EQ(refusal(make_head("GET", "/socket.io/", "transport=polling&sid=" + sid)), unknown_sid);
}

TEST_F(AdmissionTest, ErrorsHaveTheReferenceServersCodes) {
  EXPECT_EQ(refusal("GET", ""), unknown_transport);
  EXPECT_EQ(refusal("GET", "EIO=4&transport=carrier-pigeon"), unknown_transport);
  EXPECT_EQ(refusal("GET", "EIO=4&transport=polling&sid=nobody"), unknown_sid);
  EXPECT_EQ(refusal("POST", "EIO=4&transport=polling"), bad_method);
  EXPECT_EQ(refusal("OPTIONS", "EIO=4&transport=polling"), bad_method);
  EXPECT_EQ(refusal("GET", "EIO=4&transport=websocket"), bad_request);
  EXPECT_EQ(refusal("GET", "EIO=3&transport=polling"), bad_version);
  EXPECT_EQ(refusal("GET", "transport=polling"), bad_version);
}

// Each request fails two successive checks.
TEST_F(AdmissionTest, ChecksAreMadeInOrder) {
  const HeaderBlock foreign = {{"origin", "https://evil.example"}};
  const std::string sid = open_polling();
  EXPECT_EQ(refusal("POST", "EIO=4&transport=x&sid=nobody"), unknown_transport);
  EXPECT_EQ(refusal("GET", "EIO=4&transport=websocket&sid=nobody"), unknown_sid);
  EXPECT_EQ(refusal("PUT", "EIO=4&transport=websocket&sid=" + sid), bad_request);
  EXPECT_EQ(refusal("PUT", "EIO=3&transport=polling&sid=" + sid), bad_request);

  EXPECT_EQ(refusal("PUT", "EIO=4&transport=x"), unknown_transport);
  EXPECT_EQ(refusal("PUT", "EIO=4&transport=websocket"), bad_method);
  EXPECT_EQ(refusal(make_head("GET", "/socket.io/", "EIO=4&transport=websocket", foreign)),
            bad_request);
  EXPECT_EQ(refusal(make_head("GET", "/socket.io/", "EIO=3&transport=polling", foreign)),
            forbidden);
}

TEST_F(AdmissionTest, ASessionKeepsItsProtocolVersion) {
  const std::string sid = open_polling();
  EXPECT_EQ(refusal("GET", "EIO=3&transport=polling&sid=" + sid), bad_request);
  EXPECT_EQ(refusal("GET", "transport=polling&sid=" + sid), bad_request);
  EXPECT_EQ(post(sid, "40")->body, "ok");
}

TEST_F(AdmissionTest, ADisabledTransportIsUnknown) {
  config.engine_io.transports = {"websocket"};
  restart();
  EXPECT_EQ(refusal("GET", "EIO=4&transport=polling"), unknown_transport);
  EXPECT_TRUE(websocket("EIO=4&transport=websocket")->accepted);
  config.engine_io.transports = {"polling"};
  restart();
  EXPECT_EQ(websocket("EIO=4&transport=websocket")->body,
            R"({"code":0,"message":"Transport unknown"})");
  const std::string sid = open_polling();
  EXPECT_EQ(websocket("EIO=4&transport=websocket&sid=" + sid)->body,
            R"({"code":0,"message":"Transport unknown"})");
}

TEST_F(AdmissionTest, OriginsThatCorsAllowsMayConnect) {
  const auto handshake = [this](const std::string& origin) {
    return request(make_head("GET", "/socket.io/", "EIO=4&transport=polling", {{"origin", origin}}))
        ->status;
  };
  EXPECT_EQ(handshake("https://page.example"), 403);
  config.engine_io.cors.origins = {"https://page.example"};
  restart();
  EXPECT_EQ(handshake("https://page.example"), 200);
  EXPECT_EQ(handshake("https://example.org"), 200) << "of allowed_hosts";
  EXPECT_EQ(handshake("http://page.example"), 403);
  config.engine_io.cors.origins = {"*"};
  restart();
  EXPECT_EQ(handshake("https://evil.example"), 200);
}

TEST_F(AdmissionTest, NativeHandshakesNeedAnAllowedOriginOrNone) {
  const auto handshake = [this](const std::string& origin, std::optional<StreamId> adopted = {}) {
    return request(make_head("GET", "/socket.io/", "EIO=4&transport=polling", {{"origin", origin}}),
                   {}, adopted)
        ->status;
  };
  EXPECT_EQ(handshake("https://example.org"), 200);
  EXPECT_EQ(handshake("http://EXAMPLE.org:8080"), 200);
  EXPECT_EQ(handshake("https://sub.example.org"), 403);
  EXPECT_EQ(handshake("null"), 403);
  EXPECT_EQ(handshake(""), 403);
  EXPECT_EQ(handshake("example.org"), 403);
  EXPECT_EQ(handshake("https://evil.example", StreamId{60}), 200) << "the application decided";
}

TEST_F(AdmissionTest, OtherMethodsOnASessionAreRefusedAndDoNotCloseIt) {
  const std::string sid = open_polling();
  EXPECT_EQ(refusal("DELETE", "EIO=4&transport=polling&sid=" + sid), bad_method);
  EXPECT_EQ(refusal("GET", "EIO=4&transport=websocket&sid=" + sid), bad_request);
  EXPECT_EQ(engine->session_count(), 1u);
}

TEST_F(AdmissionTest, HandshakesAreRefusedAfterShutDown) {
  const std::string sid = open_polling();
  Request waiting = poll(sid);
  shut_down();
  EXPECT_EQ(waiting->body, "6");
  EXPECT_EQ(engine->session_count(), 0u);
  EXPECT_EQ(refusal("GET", "EIO=4&transport=polling"), bad_request);
}

}  // namespace
}  // namespace sioserve::transport

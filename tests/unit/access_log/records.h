// Access records for tests.
#pragma once

#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string>

#include "server/access_log/timestamp.h"
#include "server/base/access_record.h"

namespace sioserve::access_log {

inline AccessRecord get_record() {
  AccessRecord record;
  record.head =
      std::make_shared<const RequestHead>(RequestHead{"GET",
                                                      "/a%20b",
                                                      "/a b",
                                                      "x=1",
                                                      "1.1",
                                                      {{"host", "example.org"},
                                                       {"referer", "http://r/"},
                                                       {"user-agent", "curl/8"},
                                                       {"authorization", "Basic YWxpY2U6c2VjcmV0"}},
                                                      "id123"});
  record.endpoints =
      std::make_shared<const Endpoints>(Endpoints{{"10.0.0.1", 4711}, {"10.0.0.2", 80}, false});
  record.status = 200;
  record.response_bytes = 1234;
  record.response_headers = {{"Content-Type", "text/plain"}};
  record.duration = std::chrono::microseconds(1'234'567);
  return record;
}

// The record's head, for changes.
inline RequestHead& own_head(AccessRecord& record) {
  auto head = std::make_shared<RequestHead>(*record.head);
  record.head = head;
  return *head;
}

inline AccessRecord websocket_record(AccessEvent event) {
  AccessRecord record = get_record();
  record.event = event;
  record.status = 0;
  record.response_bytes = 0;
  return record;
}

// 2026-11-25 01:27:12.345 in UTC, independent of the machine's time zone.
inline Timestamp timestamp() {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  Timestamp time;
  time.set(WallTime(std::chrono::milliseconds(1'795'570'032'345)));
  return time;
}

// Random bytes; bytes that are special in a log are more frequent.
inline std::string hostile_text(std::mt19937& random) {
  static const std::string favourites = "\n\r\"\\\x1b\x7f\x80\xc3\xa9\xe2\x80\xa8\xff%({})";
  std::string text(random() % 40, ' ');
  for (char& c : text) {
    c = random() % 2 == 0 ? favourites[random() % favourites.size()] : static_cast<char>(random());
  }
  return text;
}

}  // namespace sioserve::access_log

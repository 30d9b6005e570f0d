#include "server/http/request_parser.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace sioserve::http {
namespace {

struct Parsed {
  RequestHead head;
  std::string body;
  bool complete = false;
  bool keep_alive = false;
};

struct Outcome {
  std::vector<Parsed> requests;
  std::optional<ParseError> error;
};

// Feeds one part as a connection does: repeatedly, until everything is consumed.
void feed(RequestParser& parser, std::string_view piece, Outcome& outcome) {
  while (!piece.empty() && !outcome.error) {
    const auto progress = parser.feed(piece);
    if (progress.error) {
      outcome.error = progress.error;
      return;
    }
    if (progress.head_complete) {
      outcome.requests.push_back({parser.head(), "", false, parser.keep_alive()});
    }
    if (!outcome.requests.empty()) {
      outcome.requests.back().body += progress.body;
      if (progress.request_complete) outcome.requests.back().complete = true;
    }
    piece.remove_prefix(progress.consumed);
  }
}

Outcome parse(const std::vector<std::string_view>& pieces, const ParserLimits& limits = {}) {
  RequestParser parser(limits);
  Outcome outcome;
  // Each part is in its own memory, so that a parser that keeps views of it is detected.
  for (const std::string_view piece : pieces) feed(parser, std::string(piece), outcome);
  return outcome;
}

std::string describe(const Outcome& outcome) {
  std::string text;
  for (const Parsed& request : outcome.requests) {
    text += request.head.method + " [" + request.head.raw_path + "] [" + request.head.path + "] [" +
            request.head.query_string + "] " + request.head.http_version;
    for (const HeaderView& header : request.head.headers) {
      text.append(" {").append(header.name).append("=").append(header.value).append("}");
    }
    text += " (" + request.body + ")" + (request.complete ? " complete" : " incomplete") +
            (request.keep_alive ? " keep-alive\n" : " close\n");
  }
  if (outcome.error) text += "error " + std::to_string(status_of(*outcome.error));
  return text;
}

struct Case {
  const char* name;
  std::string input;
  std::string expected;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

std::string name_of(const testing::TestParamInfo<Case>& test) { return test.param.name; }

class RequestParserCase : public testing::TestWithParam<Case> {};

TEST_P(RequestParserCase, ParsesWhole) {
  EXPECT_EQ(describe(parse({GetParam().input})), GetParam().expected);
}

TEST_P(RequestParserCase, ParsesSplitAnywhere) {
  const std::string_view input = GetParam().input;
  for (std::size_t i = 1; i < input.size(); ++i) {
    ASSERT_EQ(describe(parse({input.substr(0, i), input.substr(i)})), GetParam().expected)
        << "split at " << i;
  }
}

TEST_P(RequestParserCase, ParsesByteByByte) {
  const std::string_view input = GetParam().input;
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
  EXPECT_EQ(describe(parse(bytes)), GetParam().expected);
}

const std::vector<Case> valid_requests = {
    {"get", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET [/] [/] [] 1.1 {host=a} () complete keep-alive\n"},
    {"query", "GET /a%20b/?x=%201&y HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET [/a%20b/] [/a b/] [x=%201&y] 1.1 {host=a} () complete keep-alive\n"},
    {"header_names_in_lower_case", "GET / HTTP/1.1\r\nHOST: A\r\nX-Some_Thing:  B  \r\nE:\r\n\r\n",
     "GET [/] [/] [] 1.1 {host=A} {x-some_thing=B} {e=} () complete keep-alive\n"},
    {"http_1_0", "GET / HTTP/1.0\r\n\r\n", "GET [/] [/] [] 1.0 () complete close\n"},
    {"http_1_0_keep_alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     "GET [/] [/] [] 1.0 {connection=keep-alive} () complete keep-alive\n"},
    {"http_1_2_is_taken_as_1_1", "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
     "GET [/] [/] [] 1.1 {host=a} () complete keep-alive\n"},
    {"close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
     "GET [/] [/] [] 1.1 {host=a} {connection=close} () complete close\n"},
    {"body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
     "POST [/] [/] [] 1.1 {host=a} {content-length=5} (hello) complete keep-alive\n"},
    {"chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
     "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n",
     "POST [/] [/] [] 1.1 {host=a} {transfer-encoding=Chunked} (abc0123456789) complete "
     "keep-alive\n"},
    {"pipelined",
     "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: "
     "2\r\n\r\nabGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET [/1] [/1] [] 1.1 {host=a} () complete keep-alive\n"
     "POST [/2] [/2] [] 1.1 {host=a} {content-length=2} (ab) complete keep-alive\n"
     "GET [/3] [/3] [] 1.1 {host=a} () complete keep-alive\n"},
    {"absolute_form", "GET http://other:8/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET [/p] [/p] [q] 1.1 {host=other:8} () complete keep-alive\n"},
    {"absolute_form_without_path", "GET http://other?q HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET [/] [/] [q] 1.1 {host=other} () complete keep-alive\n"},
    {"absolute_form_in_http_1_0", "GET http://other/p HTTP/1.0\r\n\r\n",
     "GET [/p] [/p] [] 1.0 {host=other} () complete close\n"},
    {"hosts_of_all_kinds",
     "GET /1 HTTP/1.1\r\nHost: [::1]:80\r\n\r\nGET /2 HTTP/1.1\r\nHost:\r\n\r\n"
     "GET /3 HTTP/1.1\r\nHost: my_host-1.example:8000\r\n\r\n",
     "GET [/1] [/1] [] 1.1 {host=[::1]:80} () complete keep-alive\n"
     "GET [/2] [/2] [] 1.1 {host=} () complete keep-alive\n"
     "GET [/3] [/3] [] 1.1 {host=my_host-1.example:8000} () complete keep-alive\n"},
    {"trailers_are_not_headers",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "1\r\nx\r\n0\r\nHost: b\r\nConnection: close\r\nExpect: x\r\n\r\n"
     "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
     "POST [/] [/] [] 1.1 {host=a} {transfer-encoding=chunked} (x) complete keep-alive\n"
     "GET [/2] [/2] [] 1.1 {host=a} () complete keep-alive\n"},
    {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
     "OPTIONS [*] [*] [] 1.1 {host=a} () complete keep-alive\n"},
    {"line_ends_before_the_request", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET [/] [/] [] 1.1 {host=a} () complete keep-alive\n"},
    {"method_that_nobody_knows", "FROB-1.x~ /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
     "FROB-1.x~ [/a] [/a] [b] 1.1 {host=a} () complete keep-alive\n"},
    {"longest_method", std::string(30, 'G') + " / HTTP/1.1\r\nHost: a\r\n\r\n",
     std::string(30, 'G') + " [/] [/] [] 1.1 {host=a} () complete keep-alive\n"},
    {"lower_case_is_another_method", "get / HTTP/1.1\r\nHost: a\r\n\r\n",
     "get [/] [/] [] 1.1 {host=a} () complete keep-alive\n"},
    {"method_of_rtsp_in_http", "DESCRIBE / HTTP/1.1\r\nHost: a\r\n\r\n",
     "DESCRIBE [/] [/] [] 1.1 {host=a} () complete keep-alive\n"},
    {"bodies_of_unknown_methods",
     "GETS /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
     "HEADER /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n"
     "CONNECTED /3 HTTP/1.1\r\nHost: a\r\n\r\nPRI /4 HTTP/1.1\r\nHost: a\r\n\r\n",
     "GETS [/1] [/1] [] 1.1 {host=a} {content-length=2} (ab) complete keep-alive\n"
     "HEADER [/2] [/2] [] 1.1 {host=a} {transfer-encoding=chunked} (c) complete keep-alive\n"
     "CONNECTED [/3] [/3] [] 1.1 {host=a} () complete keep-alive\n"
     "PRI [/4] [/4] [] 1.1 {host=a} () complete keep-alive\n"},
    {"body_of_a_head_request",
     "HEAD /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
     "HEAD [/1] [/1] [] 1.1 {host=a} {content-length=2} (ab) complete keep-alive\n"
     "GET [/2] [/2] [] 1.1 {host=a} () complete keep-alive\n"},
    {"expect_continue",
     "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     "PUT [/] [/] [] 1.1 {host=a} {expect=100-continue} {content-length=1} (x) complete "
     "keep-alive\n"},
    {"upgrade_to_something_unknown_is_an_ordinary_request",
     "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: "
     "1\r\n\r\nxGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
     "POST [/] [/] [] 1.1 {host=a} {connection=upgrade} {upgrade=h2c} {content-length=1} (x) "
     "complete keep-alive\nGET [/2] [/2] [] 1.1 {host=a} () complete keep-alive\n"},
};

INSTANTIATE_TEST_SUITE_P(Valid, RequestParserCase, testing::ValuesIn(valid_requests), name_of);

// The error must be found for every split. How much of the request is reported before it may
// differ, but a request with an invalid head is never reported.
class RefusedRequest : public testing::TestWithParam<Case> {};

TEST_P(RefusedRequest, GetsTheStatusWhole) {
  const Outcome outcome = parse({GetParam().input});
  ASSERT_TRUE(outcome.error) << describe(outcome);
  EXPECT_EQ(std::to_string(status_of(*outcome.error)), GetParam().expected);
  for (const Parsed& request : outcome.requests) EXPECT_FALSE(request.complete);
}

TEST_P(RefusedRequest, GetsTheStatusSplitAnywhere) {
  const std::string_view input = GetParam().input;
  for (std::size_t i = 1; i < input.size(); ++i) {
    const Outcome outcome = parse({input.substr(0, i), input.substr(i)});
    ASSERT_TRUE(outcome.error) << "split at " << i << ": " << describe(outcome);
    ASSERT_EQ(std::to_string(status_of(*outcome.error)), GetParam().expected);
    for (const Parsed& request : outcome.requests) ASSERT_FALSE(request.complete);
  }
}

TEST_P(RefusedRequest, GetsTheStatusByteByByte) {
  const std::string_view input = GetParam().input;
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
  const Outcome outcome = parse(bytes);
  ASSERT_TRUE(outcome.error) << describe(outcome);
  EXPECT_EQ(std::to_string(status_of(*outcome.error)), GetParam().expected);
  for (const Parsed& request : outcome.requests) EXPECT_FALSE(request.complete);
}

std::string post(const std::string& headers, const std::string& body = "") {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}

std::string chunked(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

const std::vector<Case> refused_requests = {
    {"garbage", "\x16\x03\x01\x02hello\r\n\r\n", "400"},
    {"tls_hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a\r\n", 15), "400"},
    {"unknown_method_alone", "GRAB\r\n", "400"},
    {"unknown_method_without_target", "GRAB \r\n", "400"},
    {"method_that_is_no_token", "GR@B / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"tab_after_method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"endless_method", std::string(1'000, 'G'), "400"},
    {"method_that_is_too_long", std::string(31, 'G') + " / HTTP/1.1\r\n", "400"},
    {"method_with_a_space_inside", "GE T / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"empty_method", " / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"space_before_the_method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"two_spaces_after_the_method", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"two_spaces_after_the_target", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"space_after_the_version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "400"},
    {"tab_after_the_target", "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"form_feed_after_the_method", "GET\f/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"no_target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", "505"},
    {"empty_target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"bare_cr_before_the_request_line", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"bare_lf_before_the_request_line", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"two_crs_before_the_request_line", "\r\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"two_crs_after_the_request_line", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "400"},
    {"bare_cr_after_the_request_line", "GET / HTTP/1.1\rHost: a\r\n\r\n", "400"},
    {"bare_cr_in_the_method", "GE\rT / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"rtsp", "GET / RTSP/1.0\r\nHost: a\r\n\r\n", "400"},
    {"rtsp_with_its_own_method", "DESCRIBE / RTSP/1.0\r\nHost: a\r\n\r\n", "400"},
    {"icecast", "SOURCE / ICE/1.0\r\nHost: a\r\n\r\n", "400"},
    {"lower_case_protocol", "GET / http/1.1\r\nHost: a\r\n\r\n", "400"},
    {"version_with_two_digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", "505"},
    {"version_without_a_minor_part", "GET / HTTP/1\r\nHost: a\r\n\r\n", "505"},
    {"connect", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "501"},
    {"two_content_lengths_that_differ", post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"),
     "400"},
    {"two_equal_content_lengths", post("Content-Length: 1\r\nContent-Length: 1\r\n", "a"), "400"},
    {"content_length_list", post("Content-Length: 1, 1\r\n", "a"), "400"},
    {"content_length_with_sign", post("Content-Length: +1\r\n", "a"), "400"},
    {"negative_content_length", post("Content-Length: -1\r\n", "a"), "400"},
    {"hexadecimal_content_length", post("Content-Length: 0x1\r\n", "a"), "400"},
    {"content_length_with_space_inside", post("Content-Length: 1 1\r\n", "a"), "400"},
    {"empty_content_length", post("Content-Length:\r\n"), "400"},
    {"huge_content_length", post("Content-Length: 99999999999999999999999\r\n"), "400"},
    {"length_and_chunked", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
     "400"},
    {"chunked_and_length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
     "400"},
    {"chunked_twice",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400"},
    {"gzip_then_chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501"},
    {"chunked_not_last", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), "400"},
    {"chunked_with_vertical_tab", post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), "400"},
    {"identity", post("Transfer-Encoding: identity\r\n", ""), "501"},
    {"chunked_in_http_1_0",
     "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
    {"bare_lf_after_request_line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "400"},
    {"bare_lf_after_header", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "400"},
    {"bare_lf_at_the_end", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400"},
    {"bare_cr_in_header", "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", "400"},
    {"obs_fold", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", "400"},
    {"obs_fold_at_first_header", "GET / HTTP/1.1\r\n Host: a\r\nX: y\r\n\r\n", "400"},
    {"space_before_colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"},
    {"header_without_colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", "400"},
    {"empty_header_name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", "400"},
    {"nul_in_header", std::string("GET / HTTP/1.1\r\nHost: a\r\nX: a") + '\0' + "b\r\n\r\n", "400"},
    {"delete_in_header", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n", "400"},
    {"escape_in_header", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x1b\r\n\r\n", "400"},
    {"control_character_in_target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"tab_in_target", "GET /\tx HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"fragment_in_target", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"utf8_in_target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"relative_target", "GET index HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"asterisk_for_get", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"absolute_form_with_other_scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"absolute_form_with_user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"no_host", "GET / HTTP/1.1\r\n\r\n", "400"},
    {"two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
    {"host_with_a_path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
    {"host_with_a_space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"},
    {"host_with_a_user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400"},
    {"host_with_a_comma_and_space", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400"},
    {"host_beyond_ascii", "GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", "400"},
    {"host_with_a_word_for_a_port", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", "400"},
    {"host_without_a_name", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", "400"},
    {"host_with_an_open_bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400"},
    {"host_with_text_after_a_bracket", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", "400"},
    {"absolute_form_with_a_bad_port", "GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"absolute_form_without_a_host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"absolute_form_and_no_host", "GET http://a/ HTTP/1.1\r\n\r\n", "400"},
    {"http_0_9", "GET /\r\n\r\n", "505"},
    {"http_3", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505"},
    {"http_0_9_with_a_version", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", "505"},
    {"http_2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
    {"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
    {"unknown_expectation", post("Expect: 200-ok\r\nContent-Length: 1\r\n", "x"), "417"},
    {"chunk_size_not_hexadecimal", chunked("x\r\nabc\r\n0\r\n\r\n"), "400"},
    {"chunk_size_with_prefix", chunked("0x3\r\nabc\r\n0\r\n\r\n"), "400"},
    {"negative_chunk_size", chunked("-3\r\nabc\r\n0\r\n\r\n"), "400"},
    {"chunk_size_with_space", chunked("3 \r\nabc\r\n0\r\n\r\n"), "400"},
    {"empty_chunk_size", chunked("\r\nabc\r\n0\r\n\r\n"), "400"},
    {"huge_chunk_size", chunked("fffffffffffffffff\r\nabc\r\n0\r\n\r\n"), "400"},
    {"chunk_size_ends_in_bare_lf", chunked("3\nabc\r\n0\r\n\r\n"), "400"},
    {"chunk_longer_than_its_size", chunked("3\r\nabcd\r\n0\r\n\r\n"), "400"},
    {"chunk_ends_in_bare_lf", chunked("3\r\nabc\n0\r\n\r\n"), "400"},
    {"bare_lf_in_chunk_extension", chunked("3;a\nb\r\nabc\r\n0\r\n\r\n"), "400"},
    {"chunked_twice_in_one_header", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
     "400"},
    {"chunked_with_a_parameter", post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n"), "501"},
    {"misspelt_chunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), "501"},
    {"empty_transfer_encoding", post("Transfer-Encoding:\r\n", "0\r\n\r\n"), "400"},
    {"folded_transfer_encoding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), "400"},
    {"length_in_http_1_0_with_chunked",
     "POST / HTTP/1.0\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
    {"last_chunk_with_data", chunked("0\r\nGET / HTTP/1.1\r\n\r\n"), "400"},
    {"length_in_trailers", chunked("0\r\nContent-Length: 3\r\n\r\nabc"), "400"},
    {"transfer_encoding_in_trailers", chunked("0\r\nTransfer-Encoding: chunked\r\n\r\n"), "400"},
    {"trailer_without_colon", chunked("0\r\nnonsense\r\n\r\n"), "400"},
    {"trailer_with_space_before_colon", chunked("0\r\nX : a\r\n\r\n"), "400"},
    {"trailer_with_nul", chunked(std::string("0\r\nX: a") + '\0' + "\r\n\r\n"), "400"},
    {"trailer_with_escape", chunked("0\r\nX: a\x1b\r\n\r\n"), "400"},
    {"folded_trailer", chunked("0\r\nX: a\r\n b\r\n\r\n"), "400"},
    {"bare_lf_after_trailer", chunked("0\r\nX: a\n\r\n"), "400"},
    {"bare_cr_in_trailer", chunked("0\r\nX: a\rb\r\n\r\n"), "400"},
    {"bare_cr_after_chunk_size", chunked("3\rabc\r\n0\r\n\r\n"), "400"},
    {"control_character_in_chunk_extension", chunked("3;a\x01\r\nabc\r\n0\r\n\r\n"), "400"},
    {"bare_lf_at_end_of_trailers", chunked("3\r\nabc\r\n0\r\n\n"), "400"},
};

INSTANTIATE_TEST_SUITE_P(Malformed, RefusedRequest, testing::ValuesIn(refused_requests), name_of);

// Possible splits by the network.
std::vector<std::string_view> bytes_of(std::string_view text) {
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  return bytes;
}

TEST(RequestParserLimits, RefusesALongTarget) {
  ParserLimits limits;
  limits.max_request_line = 100;
  const std::string fits = "GET /" + std::string(86, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string too_long = "GET /" + std::string(87, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_FALSE(parse({fits}, limits).error);
  EXPECT_FALSE(parse(bytes_of(fits), limits).error);
  EXPECT_EQ(parse({too_long}, limits).error, ParseError::request_line_too_long);
  EXPECT_EQ(parse(bytes_of(too_long), limits).error, ParseError::request_line_too_long);
  EXPECT_EQ(parse({"GET /" + std::string(96, 'a')}, limits).error,
            ParseError::request_line_too_long);
}

TEST(RequestParserLimits, RefusesALargeHeaderBeforeItsEnd) {
  ParserLimits limits;
  limits.max_header_bytes = 1'000;
  EXPECT_EQ(parse({"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1'000, 'a')}, limits).error,
            ParseError::header_too_large);
  EXPECT_EQ(parse({"GET / HTTP/1.1\r\nHost: a\r\n" + std::string(1'000, 'a')}, limits).error,
            ParseError::header_too_large);
  EXPECT_FALSE(
      parse({"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(900, 'a') + "\r\n\r\n"}, limits)
          .error);
}

TEST(RequestParserLimits, AHeaderThatComesByteByByteHasTheSameSize) {
  ParserLimits limits;
  limits.max_header_bytes = 1'000;
  const std::string request =
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(900, 'a') + "\r\n\r\n";
  EXPECT_FALSE(parse(bytes_of(request), limits).error);
}

// White space around a name and a value counts from the first byte of the name.
TEST(RequestParserLimits, AHeaderThatComesInOnePieceHasTheSameSize) {
  ParserLimits limits;
  limits.max_header_bytes = 100;
  const std::string longest = "GET / HTTP/1.1\r\n" + std::string(96, 'a');
  EXPECT_FALSE(parse({longest}, limits).error);
  EXPECT_FALSE(parse(bytes_of(longest), limits).error);
  EXPECT_TRUE(parse({longest + "a"}, limits).error);
  EXPECT_TRUE(parse(bytes_of(longest + "a"), limits).error);
}

TEST(RequestParserLimits, RefusesEndlessWhiteSpace) {
  ParserLimits limits;
  limits.max_header_bytes = 1'000;
  limits.max_request_line = 1'000;
  const std::string spaces(1'000, ' ');
  EXPECT_EQ(
      parse({"GET / HTTP/1.1\r\nHost: a\r\nX: ", spaces, spaces, spaces, spaces, spaces}, limits)
          .error,
      ParseError::header_too_large);
}

TEST(RequestParserLimits, RefusesManyHeaders) {
  std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 2'000; ++i) request += "a: b\r\n";
  EXPECT_EQ(parse({request}).error, ParseError::too_many_headers);
}

TEST(RequestParserLimits, RefusesALargeBodyWithItsHead) {
  ParserLimits limits;
  limits.max_body = 10;
  EXPECT_FALSE(parse({post("Content-Length: 10\r\n", "0123456789")}, limits).error);
  const Outcome outcome = parse({post("Content-Length: 11\r\n")}, limits);
  EXPECT_EQ(outcome.error, ParseError::body_too_large);
  EXPECT_TRUE(outcome.requests.empty());
}

TEST(RequestParserLimits, RefusesALargeChunkedBodyAtTheChunkAboveTheLimit) {
  ParserLimits limits;
  limits.max_body = 10;
  EXPECT_FALSE(parse({chunked("a\r\n0123456789\r\n0\r\n\r\n")}, limits).error);
  EXPECT_EQ(parse({chunked("6\r\n012345\r\n5\r\n")}, limits).error, ParseError::body_too_large);
  EXPECT_EQ(parse({chunked("ffffffffffffffff\r\n")}, limits).error, ParseError::body_too_large);
}

TEST(RequestParserLimits, RefusesLargeTrailers) {
  ParserLimits limits;
  limits.max_header_bytes = 1'000;
  EXPECT_EQ(parse({chunked("0\r\nX: " + std::string(2'000, 'a'))}, limits).error,
            ParseError::header_too_large);
}

TEST(RequestParserLimits, ChunkExtensionsThatComeByteByByteHaveTheSameSize) {
  ParserLimits limits;
  limits.max_chunk_extensions = 1'000;
  const std::string request = chunked("1;a=" + std::string(900, 'x') + "\r\na\r\n0\r\n\r\n");
  EXPECT_FALSE(parse(bytes_of(request), limits).error);
}

TEST(RequestParserLimits, RefusesLargeChunkExtensions) {
  ParserLimits limits;
  limits.max_chunk_extensions = 1'000;
  std::string body;
  for (int i = 0; i < 100; ++i) body += "1;" + std::string(20, 'x') + "\r\na\r\n";
  EXPECT_EQ(parse({chunked(body)}, limits).error, ParseError::malformed);
}

TEST(RequestParser, RefusesConnectAfterARequest) {
  const std::string_view input = "GET / HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:1 HTTP/1.1\r\n";
  for (std::size_t i = 1; i < input.size(); ++i) {
    const Outcome outcome = parse({input.substr(0, i), input.substr(i)});
    EXPECT_EQ(outcome.error, ParseError::method_unsupported) << "split at " << i;
    EXPECT_EQ(outcome.requests.size(), 1u);
  }
}

TEST(RequestParser, KeepsTheKnownPartsOfAnIncompleteHead) {
  const auto known = [](std::string_view input) {
    ParserLimits limits;
    limits.max_headers = 1;
    RequestParser parser(limits);
    parser.feed("OPTIONS /before?x HTTP/1.1\r\nHost: b\r\n\r\n");
    parser.feed(input);
    parser.give_up_head();
    EXPECT_FALSE(parser.within_head());
    EXPECT_TRUE(parser.head().headers.empty());
    return parser.head().method + "|" + parser.head().raw_path + "|" + parser.head().query_string +
           "|" + parser.head().http_version;
  };
  EXPECT_EQ(known("P"), "|||");
  EXPECT_EQ(known("non(sense\r\n"), "|||");
  EXPECT_EQ(known("nonsense\r\n"), "|||");
  EXPECT_EQ(known("BREW /pot HTTP/1.1\r\n"), "BREW|/pot||1.1");
  EXPECT_EQ(known("POST /a"), "POST|||");
  EXPECT_EQ(known("POST /" + std::string(20'000, 'a')), "POST|||");
  EXPECT_EQ(known("POST /a?b HTTP/1.1\r\nA"), "POST|/a|b|1.1");
  EXPECT_EQ(known("GET /a?b HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n"), "GET|/a|b|1.1");
  EXPECT_EQ(known("GET /no-host HTTP/1.1\r\n\r\n"), "GET|/no-host||1.1");
  EXPECT_EQ(known("GET /new HTTP/3.0\r\n\r\n"), "GET|/new||3.0");
}

TEST(RequestParser, StopsAfterTheHeadOfARequestThatExpectsContinue) {
  RequestParser parser({});
  const std::string input = post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "x");
  const auto progress = parser.feed(input);
  EXPECT_TRUE(progress.head_complete);
  EXPECT_TRUE(parser.expects_continue());
  EXPECT_TRUE(progress.body.empty());
  EXPECT_EQ(progress.consumed, input.size() - 1);
}

TEST(RequestParser, DoesNotExpectContinueWithoutABody) {
  RequestParser parser({});
  const auto progress = parser.feed(post("Expect: 100-continue\r\n"));
  EXPECT_TRUE(progress.request_complete);
  EXPECT_FALSE(parser.expects_continue());
}

TEST(RequestParser, JoinsTheChunksOfOneFeed) {
  RequestParser parser({});
  const std::string head = chunked("");
  ASSERT_TRUE(parser.feed(head).head_complete);
  const std::string body = "1\r\na\r\n2\r\nbc\r\n3\r\ndef";
  EXPECT_EQ(parser.feed(body).body, "abcdef");
}

TEST(RequestParser, ReportsTheRestOfTheBody) {
  RequestParser parser({});
  parser.feed(post("Content-Length: 10\r\n", "abc"));
  EXPECT_EQ(parser.body_left(), 7U);
}

TEST(RequestParser, ReportsARequestedUpgrade) {
  RequestParser parser({});
  const std::string input =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: "
      "websocket\r\n\r\n\x81\x80";
  const auto progress = parser.feed(input);
  EXPECT_TRUE(progress.request_complete);
  EXPECT_TRUE(parser.upgrade_requested());
  EXPECT_EQ(progress.consumed, input.size() - 2);
}

}  // namespace
}  // namespace sioserve::http

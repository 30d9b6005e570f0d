#include "server/static_files/answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "server/http/http_date.h"
#include "server/static_files/byte_ranges.h"

namespace sioserve::static_files {
namespace {

// All lines of a header, joined to one list.
std::string joined(const HeaderBlock& headers, std::string_view name) {
  std::string value;
  for (const HeaderView& header : headers) {
    if (header.name != name) continue;
    if (!value.empty()) value += ", ";
    value += header.value;
  }
  return value;
}

std::string make_etag(const FileFacts& file) {
  std::array<char, 64> text;
  char* end = text.data();
  char* const limit = text.data() + text.size();
  *end++ = '"';
  const auto nanoseconds = static_cast<std::uint64_t>(file.modified) * 1'000'000'000 +
                           static_cast<std::uint64_t>(file.modified_nanoseconds);
  end = std::to_chars(end, limit, nanoseconds, 16).ptr;
  *end++ = '-';
  end = std::to_chars(end, limit, file.size, 16).ptr;
  std::string etag(text.data(), end);
  if (file.coding != nullptr) {
    etag += '-';
    etag += file.coding->name;
  }
  return etag + '"';
}

std::string content_range(const ByteRange& range, std::uint64_t file_size) {
  return "bytes " + std::to_string(range.offset) + "-" +
         std::to_string(range.offset + range.size - 1) + "/" + std::to_string(file_size);
}

void add_text_answer(std::uint16_t status, const std::string& text, Answer& answer) {
  answer.head.status = status;
  answer.head.headers.push_back({"content-type", "text/plain; charset=utf-8"});
  answer.pieces.push_back({text, 0, 0});
}

void add_ranges(const std::vector<ByteRange>& ranges, const FileFacts& file,
                const std::string& boundary, Answer& answer) {
  answer.head.status = 206;
  if (ranges.size() == 1) {
    answer.head.headers.push_back({"content-type", file.content_type});
    answer.head.headers.push_back({"content-range", content_range(ranges[0], file.size)});
    answer.pieces.push_back({"", ranges[0].offset, ranges[0].size});
    return;
  }
  answer.head.headers.push_back({"content-type", "multipart/byteranges; boundary=" + boundary});
  std::string delimiter = "--" + boundary;
  for (const ByteRange& range : ranges) {
    answer.pieces.push_back({delimiter + "\r\ncontent-type: " + file.content_type +
                                 "\r\ncontent-range: " + content_range(range, file.size) +
                                 "\r\n\r\n",
                             range.offset, range.size});
    delimiter = "\r\n--" + boundary;
  }
  answer.pieces.push_back({delimiter + "--\r\n", 0, 0});
}

void add_length(Answer& answer) {
  std::uint64_t length = 0;
  for (const Answer::Piece& piece : answer.pieces) length += piece.text.size() + piece.size;
  answer.head.headers.push_back({"content-length", std::to_string(length)});
}

}  // namespace

FileRequest read_request(const RequestHead& head) {
  FileRequest request;
  request.is_head = head.method == "HEAD";
  request.conditions.if_match = joined(head.headers, "if-match");
  request.conditions.if_none_match = joined(head.headers, "if-none-match");
  request.conditions.if_modified_since = joined(head.headers, "if-modified-since");
  request.conditions.if_unmodified_since = joined(head.headers, "if-unmodified-since");
  request.conditions.if_range = joined(head.headers, "if-range");
  request.range = joined(head.headers, "range");
  request.accept_encoding = joined(head.headers, "accept-encoding");
  return request;
}

bool has_hash(std::string_view name) {
  constexpr std::size_t hash_size = 12;
  // name.<hash>.extension, or name.<hash>
  for (int part = 0; part < 2; ++part) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return false;
    const std::string_view last = name.substr(dot + 1);
    const bool is_hash =
        last.size() == hash_size && std::all_of(last.begin(), last.end(), [](char c) {
          return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        });
    if (is_hash) return true;
    name = name.substr(0, dot);
  }
  return false;
}

Answer answer_with(const FileRequest& request, const FileFacts& file, std::time_t now,
                   const std::string& boundary) {
  const Validators validators{make_etag(file), file.modified};
  Answer answer;
  Headers& headers = answer.head.headers;
  headers.reserve(10);
  headers.push_back({"etag", validators.etag});
  http::HttpDate date;
  headers.push_back({"last-modified", std::string(date.at(file.modified))});
  headers.push_back({"cache-control", has_hash(file.name) ? "public, max-age=31536000, immutable"
                                                          : "public, max-age=60"});
  if (file.varies) headers.push_back({"vary", "Accept-Encoding"});
  switch (check_conditions(request.conditions, validators)) {
    case Verdict::proceed:
      break;
    case Verdict::not_modified:
      answer.head.status = 304;
      return answer;
    case Verdict::precondition_failed:
      add_text_answer(412, "Precondition Failed\n", answer);
      add_length(answer);
      return answer;
  }

  headers.push_back({"accept-ranges", "bytes"});
  headers.push_back({"x-content-type-options", "nosniff"});
  RangeSelection selection;
  if (!request.range.empty() && !request.is_head &&
      range_is_current(request.conditions.if_range, validators, now)) {
    selection = select_ranges(request.range, file.size);
  }
  if (selection.kind != RangeSelection::Kind::unsatisfiable && file.coding != nullptr) {
    headers.push_back({"content-encoding", std::string(file.coding->name)});
  }
  switch (selection.kind) {
    case RangeSelection::Kind::whole:
      headers.push_back({"content-type", file.content_type});
      answer.pieces.push_back({"", 0, file.size});
      break;
    case RangeSelection::Kind::parts:
      add_ranges(selection.ranges, file, boundary, answer);
      break;
    case RangeSelection::Kind::unsatisfiable:
      headers.push_back({"content-range", "bytes */" + std::to_string(file.size)});
      add_text_answer(416, "Range Not Satisfiable\n", answer);
      break;
  }
  add_length(answer);
  return answer;
}

}  // namespace sioserve::static_files

#include "server/forwarding/frames.h"

#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace sioserve::forwarding {
namespace {

constexpr std::size_t length_bytes = 4;

// The greatest value of an enumeration.
template <typename E>
inline constexpr E greatest = E{};
template <>
inline constexpr BodyPart greatest<BodyPart> = BodyPart::last;
template <>
inline constexpr MessageKind greatest<MessageKind> = MessageKind::binary;
template <>
inline constexpr Compression greatest<Compression> = Compression::declined;
template <>
inline constexpr Reading greatest<Reading> = Reading::resumed;
template <>
inline constexpr StreamNumber greatest<StreamNumber> = StreamNumber{0xffff'ffff};

template <typename T>
void append_number(T number, std::string& out) {
  for (std::size_t shift = 8 * sizeof number; shift > 0; shift -= 8) {
    out += static_cast<char>(number >> (shift - 8));
  }
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <typename... Fields>
  void operator()(const Fields&... fields) {
    (write(fields), ...);
  }

 private:
  template <typename T>
  requires std::is_unsigned_v<T>
  void write(T number) { append_number(number, out_); }
  void write(int number) { write(static_cast<std::uint32_t>(number)); }
  template <typename E>
  requires std::is_enum_v<E>
  void write(E value) { write(static_cast<std::uint32_t>(value)); }
  void write(std::string_view text) {
    write(static_cast<std::uint32_t>(text.size()));
    out_ += text;
  }
  void write(const std::string& text) { write(std::string_view(text)); }
  void write(const std::vector<std::string>& texts) {
    write(static_cast<std::uint32_t>(texts.size()));
    for (const std::string& text : texts) write(text);
  }
  void write(const Headers& headers) {
    write(static_cast<std::uint32_t>(headers.size()));
    for (const Header& header : headers) (*this)(header.name, header.value);
  }
  void write(const HeaderBlock& headers) {
    write(static_cast<std::uint32_t>(headers.size()));
    for (const HeaderView& header : headers) (*this)(header.name, header.value);
  }
  void write(const Address& address) { (*this)(address.host, address.port); }

  std::string& out_;
};

// After an error, all values are empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename... Fields>
  void operator()(Fields&... fields) {
    (read(fields), ...);
  }
  // Everything was read, and was valid.
  bool complete() const { return good_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  template <typename T>
  requires std::is_unsigned_v<T>
  void read(T& number) {
    number = 0;
    for (const char byte : take(sizeof number)) {
      number = static_cast<T>((number << 7 << 1) | static_cast<unsigned char>(byte));
    }
  }
  void read(int& number) {
    std::uint32_t value = 0;
    read(value);
    number = static_cast<int>(value);
  }
  void read(bool& value) {
    std::uint8_t number = 0;
    read(number);
    good_ = good_ && number <= 1;
    value = number == 1;
  }
  template <typename E>
  requires std::is_enum_v<E>
  void read(E& value) {
    std::uint32_t number = 0;
    read(number);
    good_ = good_ && number <= static_cast<std::uint32_t>(greatest<E>);
    value = good_ ? static_cast<E>(number) : E{};
  }
  void read(std::string& text) { text = take(size()); }
  void read(std::vector<std::string>& texts) {
    for (std::uint32_t left = size(); left > 0 && good_; --left) read(texts.emplace_back());
  }
  void read(Headers& headers) {
    for (std::uint32_t left = size(); left > 0 && good_; --left) {
      Header& header = headers.emplace_back();
      (*this)(header.name, header.value);
    }
  }
  void read(HeaderBlock& headers) {
    for (std::uint32_t left = size(); left > 0 && good_; --left) {
      const std::string_view name = take(size());
      headers.add(name, take(size()));
    }
  }
  void read(Address& address) { (*this)(address.host, address.port); }
  std::uint32_t size() {
    std::uint32_t number = 0;
    read(number);
    return number;
  }

  std::string_view rest_;
  bool good_ = true;
};

// The fields of each message, for both directions.
template <typename Archive, typename M>
void visit_fields(Archive& archive, M& m) {
  using T = std::remove_const_t<M>;
  const auto head = [&archive](auto& h) {
    archive(h.method, h.raw_path, h.path, h.query_string, h.http_version, h.headers, h.request_id);
  };
  const auto endpoints = [&archive](auto& e) { archive(e.client, e.server, e.tls, e.unix_path); };
  if constexpr (std::is_same_v<T, Hello>) {
    archive(m.version, m.nonce);
  } else if constexpr (std::is_same_v<T, Challenge>) {
    archive(m.nonce, m.proof);
  } else if constexpr (std::is_same_v<T, Proof>) {
    archive(m.proof);
  } else if constexpr (std::is_same_v<T, Welcome> || std::is_same_v<T, Ping>) {
  } else if constexpr (std::is_same_v<T, OpenRequest>) {
    archive(m.stream);
    head(m.head);
    endpoints(m.endpoints);
    archive(m.body, m.part);
  } else if constexpr (std::is_same_v<T, OpenWebSocket>) {
    archive(m.stream);
    head(m.head);
    endpoints(m.endpoints);
    archive(m.subprotocols);
  } else if constexpr (std::is_same_v<T, RequestBody> || std::is_same_v<T, ResponseBody>) {
    archive(m.stream, m.bytes, m.part);
  } else if constexpr (std::is_same_v<T, ReleasePoll> || std::is_same_v<T, Opened> ||
                       std::is_same_v<T, ClientEnding> || std::is_same_v<T, WantBody> ||
                       std::is_same_v<T, Abort>) {
    archive(m.stream);
  } else if constexpr (std::is_same_v<T, ClientMessage>) {
    archive(m.stream, m.kind, m.payload);
  } else if constexpr (std::is_same_v<T, Taken>) {
    archive(m.stream, m.bytes);
  } else if constexpr (std::is_same_v<T, ClientFault> || std::is_same_v<T, ClientGone> ||
                       std::is_same_v<T, CloseWebSocket>) {
    archive(m.stream, m.code, m.reason);
  } else if constexpr (std::is_same_v<T, Respond>) {
    archive(m.stream, m.head.status, m.head.headers, m.body, m.part);
  } else if constexpr (std::is_same_v<T, AcceptWebSocket>) {
    archive(m.stream, m.subprotocol, m.headers);
  } else if constexpr (std::is_same_v<T, ServerMessage>) {
    archive(m.stream, m.kind, m.compression, m.payload);
  } else {
    static_assert(std::is_same_v<T, ChangeReading>);
    archive(m.stream, m.reading);
  }
}

template <std::size_t index = 0>
std::optional<Message> read_message(std::size_t type, std::string_view bytes) {
  if constexpr (index < std::variant_size_v<Message>) {
    if (type != index) return read_message<index + 1>(type, bytes);
    Message message(std::in_place_index<index>);
    Reader reader(bytes);
    visit_fields(reader, std::get<index>(message));
    return reader.complete() ? std::optional(std::move(message)) : std::nullopt;
  } else {
    return std::nullopt;
  }
}

}  // namespace

bool append_frame(const Message& message, std::string& out) {
  const std::size_t start = out.size();
  out.append(length_bytes, '\0');
  out += static_cast<char>(message.index());
  Writer writer(out);
  std::visit([&writer](const auto& one) { visit_fields(writer, one); }, message);
  const std::size_t size = out.size() - start - length_bytes;
  if (size > max_frame) {
    out.resize(start);
    return false;
  }
  std::string length;
  append_number(static_cast<std::uint32_t>(size), length);
  out.replace(start, length_bytes, length);
  return true;
}

void FrameReader::feed(std::string_view bytes) {
  if (read_ > 0) {
    buffer_.erase(0, read_);
    read_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<Message>, FrameError> FrameReader::next() {
  if (error_) return Failure{*error_};
  const std::string_view rest = std::string_view(buffer_).substr(read_);
  if (rest.size() < length_bytes) return std::optional<Message>();
  std::size_t size = 0;
  for (const char byte : rest.substr(0, length_bytes)) {
    size = (size << 8) | static_cast<unsigned char>(byte);
  }
  if (size > limit_) return Failure{error_.emplace(FrameError::too_large)};
  if (size == 0) return Failure{error_.emplace(FrameError::malformed)};
  if (rest.size() < length_bytes + size) return std::optional<Message>();
  const std::string_view frame = rest.substr(length_bytes, size);
  read_ += length_bytes + size;
  auto message = read_message(static_cast<unsigned char>(frame.front()), frame.substr(1));
  if (!message) return Failure{error_.emplace(FrameError::malformed)};
  return message;
}

}  // namespace sioserve::forwarding

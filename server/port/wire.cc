// Written once for all messages: a message is a variant of variants of structs, whose fields
// message_fields.h lists, and which come down to numbers, texts, lists and a few others.
#include "server/port/wire.h"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "server/base/file_part.h"
#include "server/port/message_fields.h"

namespace sioserve::port {
namespace {

// The greatest value of an enumeration whose values are counted from zero; those of ids are all
// numbers.
template <typename E>
inline constexpr E greatest = E{std::numeric_limits<std::underlying_type_t<E>>::max()};
template <>
inline constexpr AckLoss greatest<AckLoss> = AckLoss::unread;
template <>
inline constexpr AccessEvent greatest<AccessEvent> = AccessEvent::websocket_disconnect;
template <>
inline constexpr ClusterTopic greatest<ClusterTopic> = ClusterTopic::count;
template <>
inline constexpr Compression greatest<Compression> = Compression::declined;
template <>
inline constexpr Delivery greatest<Delivery> = Delivery::droppable;
template <>
inline constexpr HandshakeTopic greatest<HandshakeTopic> = HandshakeTopic::request;
template <>
inline constexpr LogCategory greatest<LogCategory> = LogCategory::access;
template <>
inline constexpr MessageKind greatest<MessageKind> = MessageKind::binary;
template <>
inline constexpr MoveReason greatest<MoveReason> = MoveReason::crash;
template <>
inline constexpr PayloadFormat greatest<PayloadFormat> = PayloadFormat::msgpack;
template <>
inline constexpr BroadcastScope greatest<BroadcastScope> = BroadcastScope::this_server;
template <>
inline constexpr Relay::Sender greatest<Relay::Sender> = Relay::Sender::included;
template <>
inline constexpr Relay::To greatest<Relay::To> = Relay::To::rooms;
template <>
inline constexpr RoomChange::Kind greatest<RoomChange::Kind> = RoomChange::Kind::deleted;
template <>
inline constexpr SocketChange greatest<SocketChange> = SocketChange::close_session;
template <>
inline constexpr SessionTransport greatest<SessionTransport> = SessionTransport::websocket;
template <>
inline constexpr SessionSignal greatest<SessionSignal> = SessionSignal::drain;

template <typename E>
bool is_value(E value) {
  if constexpr (std::is_same_v<E, LogLevel>) {
    return value == LogLevel::debug || value == LogLevel::info || value == LogLevel::warning ||
           value == LogLevel::error;
  } else {
    using Number = std::underlying_type_t<E>;
    return static_cast<std::make_unsigned_t<Number>>(value) <=
           static_cast<std::make_unsigned_t<Number>>(greatest<E>);
  }
}

class Writer {
 public:
  explicit Writer(WireMessage& out) : out_(out) {}

  template <typename T>
  requires std::is_integral_v<T>
  void write(const T& number) {
    out_.bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  }

  template <typename E>
  requires std::is_enum_v<E>
  void write(const E& value) { write(static_cast<std::underlying_type_t<E>>(value)); }

  void write(std::string_view text) {
    write_size(text.size());
    out_.bytes.append(text);
  }
  void write(const std::string& text) { write(std::string_view(text)); }

  void write(const HeaderBlock& headers) {
    write_size(headers.size());
    for (const HeaderView& header : headers) {
      write(header.name);
      write(header.value);
    }
  }

  template <typename Rep, typename Period>
  void write(const std::chrono::duration<Rep, Period>& duration) {
    write(duration.count());
  }

  template <typename T>
  void write(const std::vector<T>& items) {
    write_size(items.size());
    for (const T& item : items) write(item);
  }

  template <typename K, typename V, typename Less>
  void write(const std::map<K, V, Less>& map) {
    write_size(map.size());
    for (const auto& [key, value] : map) {
      write(key);
      write(value);
    }
  }

  template <typename T>
  void write(const std::optional<T>& value) {
    write(value.has_value());
    if (value) write(*value);
  }

  // Immutable, and shared on one side of the port only: a value like others, never null.
  template <typename T>
  void write(const std::shared_ptr<const T>& value) {
    write(*value);
  }

  void write(const FilePart& part) {
    write(static_cast<std::uint32_t>(out_.descriptors.size()));
    out_.descriptors.push_back(part.file->descriptor.get());
    write(part.file->path);
    write(part.offset);
    write(part.size);
  }

  template <typename... T>
  void write(const std::variant<T...>& value) {
    static_assert(sizeof...(T) < 256);
    write(static_cast<std::uint8_t>(value.index()));
    std::visit([this](const auto& alternative) { write(alternative); }, value);
  }

  template <typename T>
  requires(field_count<T> > 0 || std::is_empty_v<T>) void write(const T& message) {
    std::apply([this](const auto&... field) { (write(field), ...); }, fields_of(message));
  }

 private:
  void write_size(std::size_t size) { write(static_cast<std::uint32_t>(size)); }

  WireMessage& out_;
};

// Each function returns false after an error.
class Reader {
 public:
  Reader(std::string_view bytes, std::vector<FileDescriptor> descriptors)
      : rest_(bytes), descriptors_(std::move(descriptors)) {}

  template <typename Message>
  Result<Message, WireError> read_message() {
    Message message;
    if (!read(message)) return Failure{error_};
    if (!rest_.empty()) return Failure{WireError::trailing_bytes};
    return message;
  }

 private:
  bool fail(WireError error) {
    error_ = error;
    return false;
  }

  template <typename T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) bool read(T& number) {
    if (rest_.size() < sizeof number) return fail(WireError::truncated);
    std::memcpy(&number, rest_.data(), sizeof number);
    rest_.remove_prefix(sizeof number);
    return true;
  }

  bool read(bool& value) {
    std::uint8_t number;
    if (!read(number)) return false;
    if (number > 1) return fail(WireError::bad_value);
    value = number == 1;
    return true;
  }

  template <typename E>
  requires std::is_enum_v<E>
  bool read(E& value) {
    std::underlying_type_t<E> number;
    if (!read(number)) return false;
    value = static_cast<E>(number);
    return is_value(value) || fail(WireError::bad_value);
  }

  // Borrows from the bytes.
  bool read(std::string_view& text) {
    std::uint32_t size;
    if (!read(size)) return false;
    if (rest_.size() < size) return fail(WireError::truncated);
    text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  bool read(std::string& text) {
    std::string_view view;
    if (!read(view)) return false;
    text.assign(view);
    return true;
  }

  bool read(HeaderBlock& headers) {
    std::uint32_t size;
    if (!read(size)) return false;
    for (; size > 0; --size) {
      HeaderView header;
      if (!read(header.name) || !read(header.value)) return false;
      headers.add(header.name, header.value);
    }
    return true;
  }

  template <typename Rep, typename Period>
  bool read(std::chrono::duration<Rep, Period>& duration) {
    Rep count;
    if (!read(count)) return false;
    duration = std::chrono::duration<Rep, Period>(count);
    return true;
  }

  // Grows as items are read: a size that the bytes do not keep takes no memory.
  template <typename T>
  bool read(std::vector<T>& items) {
    std::uint32_t size;
    if (!read(size)) return false;
    items.clear();
    for (; size > 0; --size) {
      if (!read(items.emplace_back())) return false;
    }
    return true;
  }

  template <typename K, typename V, typename Less>
  bool read(std::map<K, V, Less>& map) {
    std::uint32_t size;
    if (!read(size)) return false;
    for (; size > 0; --size) {
      K key;
      if (!read(key) || !read(map[std::move(key)])) return false;
    }
    return true;
  }

  template <typename T>
  bool read(std::optional<T>& value) {
    bool has_value;
    if (!read(has_value)) return false;
    if (!has_value) {
      value.reset();
      return true;
    }
    return read(value.emplace());
  }

  template <typename T>
  bool read(std::shared_ptr<const T>& value) {
    auto read_value = std::make_shared<T>();
    if (!read(*read_value)) return false;
    value = std::move(read_value);
    return true;
  }

  bool read(FilePart& part) {
    std::uint32_t place;
    auto file = std::make_shared<OpenFile>();
    if (!read(place) || !read(file->path) || !read(part.offset) || !read(part.size)) return false;
    if (place >= descriptors_.size()) return fail(WireError::missing_descriptor);
    file->descriptor = std::move(descriptors_[place]);
    part.file = std::move(file);
    return true;
  }

  template <typename... T>
  bool read(std::variant<T...>& value) {
    std::uint8_t index;
    if (!read(index)) return false;
    if (index >= sizeof...(T)) return fail(WireError::unknown_message);
    return read_alternative(value, index, std::index_sequence_for<T...>());
  }

  template <typename Variant, std::size_t... I>
  bool read_alternative(Variant& value, std::size_t index, std::index_sequence<I...>) {
    bool done = false;
    const auto read_if = [&]<std::size_t Index>(std::integral_constant<std::size_t, Index>) {
      if (Index == index) done = read(value.template emplace<Index>());
    };
    (read_if(std::integral_constant<std::size_t, I>()), ...);
    return done;
  }

  template <typename T>
  requires(field_count<T> > 0 || std::is_empty_v<T>) bool read(T& message) {
    return std::apply([this](auto&... field) { return (read(field) && ...); }, fields_of(message));
  }

  std::string_view rest_;
  std::vector<FileDescriptor> descriptors_;
  WireError error_ = WireError::truncated;
};

}  // namespace

void encode(const Event& event, WireMessage& out) { Writer(out).write(event); }

void encode(const Command& command, WireMessage& out) { Writer(out).write(command); }

void encode(const Answer& answer, WireMessage& out) { Writer(out).write(answer); }

Result<Event, WireError> decode_event(std::string_view bytes,
                                      std::vector<FileDescriptor> descriptors) {
  return Reader(bytes, std::move(descriptors)).read_message<Event>();
}

Result<Command, WireError> decode_command(std::string_view bytes,
                                          std::vector<FileDescriptor> descriptors) {
  return Reader(bytes, std::move(descriptors)).read_message<Command>();
}

Result<Answer, WireError> decode_answer(std::string_view bytes) {
  return Reader(bytes, {}).read_message<Answer>();
}

}  // namespace sioserve::port

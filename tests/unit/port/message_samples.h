// One event or command of every kind, with all fields set.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "server/port/message_fields.h"
#include "server/port/messages.h"

namespace sioserve::port {

// The values of the fields: samples, all different, or the defaults.
enum class Fill { nothing, samples };

class Sampler {
 public:
  template <typename T>
  requires std::is_integral_v<T>
  void fill(T& number) { number = static_cast<T>(++last_); }
  void fill(bool& value) { value = true; }
  template <typename E>
  requires std::is_enum_v<E>
  void fill(E& value) {
    if constexpr (std::is_same_v<E, LogLevel>) {
      value = LogLevel::error;
    } else {
      value = E{1};  // every enumeration has two values
    }
  }
  void fill(std::string& text) { text = "text \0 " + std::to_string(++last_); }
  template <typename Rep, typename Period>
  void fill(std::chrono::duration<Rep, Period>& duration) {
    duration = std::chrono::duration<Rep, Period>(++last_);
  }
  template <typename T>
  void fill(std::vector<T>& items) {
    fill(items.emplace_back());
    fill(items.emplace_back());
  }
  template <typename K, typename V, typename Less>
  void fill(std::map<K, V, Less>& map) {
    K key{};
    fill(key);
    fill(map[key]);
  }
  template <typename T>
  void fill(std::optional<T>& value) {
    fill(value.emplace());
  }
  template <typename First, typename... Others>
  void fill(std::variant<First, Others...>& value) {
    fill(value.template emplace<First>());
  }
  template <typename T>
  void fill(std::shared_ptr<const T>& value) {
    auto made = std::make_shared<T>();
    fill(*made);
    value = std::move(made);
  }
  void fill(FilePart& part) {
    auto file = std::make_shared<OpenFile>();
    file->descriptor = FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    fill(file->path);
    part = {std::move(file), ++last_, ++last_};
  }
  void fill(HeaderBlock& headers) {
    for (int i = 0; i < 2; ++i) {
      std::string name;
      std::string value;
      fill(name);
      fill(value);
      headers.add(name, value);
    }
  }
  template <typename T>
  requires(field_count<T> > 0 || std::is_empty_v<T>) void fill(T& message) {
    std::apply([this](auto&... field) { (fill(field), ...); }, fields_of(message));
  }

 private:
  std::uint64_t last_ = 0;
};

// Without a file, or with an invalid level, the message would be invalid.
inline void fill_in_needed(HttpRespondFile& message) { Sampler().fill(message.file); }
inline void fill_in_needed(LogRecord& message) { message.level = LogLevel::debug; }
inline void fill_in_needed(AccessEntry& message) {
  message.record.head = std::make_shared<const RequestHead>();
  message.record.endpoints = std::make_shared<const Endpoints>();
}
template <typename Message>
void fill_in_needed(Message& message) {
  if constexpr (requires { message.head->method; }) {
    message.head = std::make_shared<const RequestHead>();
    message.endpoints = std::make_shared<const Endpoints>();
  }
}

template <typename Message, typename Group, typename Visit>
void for_each_alternative(Fill fill, Visit& visit) {
  const auto make = [&]<typename Alternative>(std::type_identity<Alternative>) {
    Alternative alternative{};
    fill == Fill::samples ? Sampler().fill(alternative) : fill_in_needed(alternative);
    visit(Message(Group(std::move(alternative))));
  };
  [&]<typename... Alternatives>(std::type_identity<std::variant<Alternatives...>>) {
    (make(std::type_identity<Alternatives>()), ...);
  }(std::type_identity<Group>());
}

template <typename Message, typename Visit>
void for_each_kind(Fill fill, Visit visit) {
  [&]<typename... Groups>(std::type_identity<std::variant<Groups...>>) {
    (for_each_alternative<Message, Groups>(fill, visit), ...);
  }(std::type_identity<Message>());
}

template <typename Visit>
void for_each_event_kind(Fill fill, Visit visit) {
  for_each_kind<Event>(fill, std::move(visit));
}

template <typename Visit>
void for_each_command_kind(Fill fill, Visit visit) {
  for_each_kind<Command>(fill, std::move(visit));
}

// Each alternative of a variant, with its fields set.
template <typename Variant, typename Visit>
void for_each_filled(Visit visit) {
  [&]<typename... Alternatives>(std::type_identity<std::variant<Alternatives...>>) {
    const auto make = [&]<typename Alternative>(std::type_identity<Alternative>) {
      Alternative alternative{};
      Sampler().fill(alternative);
      visit(Variant(std::move(alternative)));
    };
    (make(std::type_identity<Alternatives>()), ...);
  }(std::type_identity<Variant>());
}

template <typename Visit>
void for_each_answer_kind(Visit visit) {
  for_each_filled<Answer>(std::move(visit));
}

template <typename Visit>
void for_each_question_kind(Visit visit) {
  for_each_filled<Question>(std::move(visit));
}

}  // namespace sioserve::port

#include "server/port/frames.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <type_traits>
#include <utility>

#include "server/port/message_size.h"

namespace sioserve::port {
namespace {

enum class Kind : std::uint8_t { event, command, answer };

using Length = std::uint32_t;

constexpr std::size_t head_size = 2;  // the kind and the number of descriptors

// Buffers of this size are kept for the next messages; larger ones are freed when they are empty.
constexpr std::size_t kept_capacity = 262'144;

// Drops the first `used` bytes, but not by moving the others each time.
void drop_used(std::string& buffer, std::size_t& used) {
  if (used == buffer.size()) {
    buffer.clear();
    if (buffer.capacity() > kept_capacity) buffer.shrink_to_fit();
  } else if (used >= kept_capacity && used >= buffer.size() / 2) {
    buffer.erase(0, used);
  } else {
    return;
  }
  used = 0;
}

template <typename Number>
void append_number(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// False if it is truncated.
template <typename Number>
bool take_number(std::string_view& bytes, Number& number) {
  if (bytes.size() < sizeof number) return false;
  std::memcpy(&number, bytes.data(), sizeof number);
  bytes.remove_prefix(sizeof number);
  return true;
}

}  // namespace

const char* describe(FrameError error) {
  switch (error) {
    case FrameError::too_large:
      return "a message is too large";
    case FrameError::too_short:
      return "a message has no head";
    case FrameError::unknown_kind:
      return "a message is of an unknown kind";
    case FrameError::bad_message:
      return "a message is malformed";
    case FrameError::missing_descriptor:
      return "a message came without its descriptors";
    case FrameError::unwanted_descriptors:
      return "descriptors came without a message";
  }
  __builtin_unreachable();
}

template <typename Encode>
FrameWriter::Added FrameWriter::add_frame(std::uint8_t kind, std::vector<int>& descriptors,
                                          Encode encode) {
  const std::size_t start = buffer_.size();
  append_number(buffer_, Length{0});
  append_number(buffer_, kind);
  append_number(buffer_, std::uint8_t{0});
  WireMessage wire{std::move(buffer_), {}};
  encode(wire);
  buffer_ = std::move(wire.bytes);
  const std::size_t length = buffer_.size() - start - sizeof(Length);
  if (length > max_frame) {
    buffer_.resize(start);
    return Added::too_large;
  }
  const auto written_length = static_cast<Length>(length);
  std::memcpy(buffer_.data() + start, &written_length, sizeof written_length);
  assert(wire.descriptors.size() <= max_frame_descriptors);
  buffer_[start + sizeof(Length) + 1] = static_cast<char>(wire.descriptors.size());
  descriptors = std::move(wire.descriptors);
  return Added::yes;
}

// The estimate keeps what is far too large from being encoded at all: sizes have 32 bits there.
FrameWriter::Added FrameWriter::add(const Event& event) {
  if (size_of(event) > 2 * max_frame) return Added::too_large;
  std::vector<int> descriptors;
  const Added added = add_frame(static_cast<std::uint8_t>(Kind::event), descriptors,
                                [&](WireMessage& wire) { encode(event, wire); });
  assert(descriptors.empty());
  return added;
}

FrameWriter::Added FrameWriter::add(Command& command) {
  if (size_of(command) > 2 * max_frame) return Added::too_large;
  const std::size_t start = buffer_.size();
  std::vector<int> descriptors;
  const Added added = add_frame(static_cast<std::uint8_t>(Kind::command), descriptors,
                                [&](WireMessage& wire) { encode(command, wire); });
  if (!descriptors.empty()) {
    carried_.push_back({start, std::move(command), std::move(descriptors)});
  }
  return added;
}

FrameWriter::Added FrameWriter::add(QuestionId question, const Answer& answer) {
  std::vector<int> descriptors;
  return add_frame(static_cast<std::uint8_t>(Kind::answer), descriptors, [&](WireMessage& wire) {
    append_number(wire.bytes, question);
    encode(answer, wire);
  });
}

// A part with descriptors begins with their frame, and ends before the next frame with some.
FrameWriter::Part FrameWriter::next() const {
  const bool begins = !carried_.empty() && carried_.front().start == sent_;
  const std::size_t after = begins ? 1 : 0;
  const std::size_t end = carried_.size() > after ? carried_[after].start : buffer_.size();
  Part part{std::string_view(buffer_).substr(sent_, end - sent_), {}};
  if (begins) part.descriptors = carried_.front().descriptors;
  return part;
}

void FrameWriter::sent(std::size_t bytes) {
  assert(bytes > 0 && bytes <= size());
  if (!carried_.empty() && carried_.front().start == sent_) carried_.pop_front();
  const std::size_t before = sent_ += bytes;
  drop_used(buffer_, sent_);
  if (sent_ == before) return;
  for (Carried& carried : carried_) carried.start -= before - sent_;
}

template <typename Message>
void FrameReader<Message>::feed(std::string_view bytes, std::vector<FileDescriptor> descriptors) {
  buffer_.append(bytes);
  for (FileDescriptor& descriptor : descriptors) descriptors_.push_back(std::move(descriptor));
}

template <typename Message>
Failure<FrameError> FrameReader<Message>::fail(FrameError error) {
  error_ = error;
  buffer_ = std::string();
  read_ = 0;
  descriptors_.clear();
  return Failure{error};
}

template <typename Message>
Result<std::optional<Message>, FrameError> FrameReader<Message>::next() {
  if (error_) return Failure{*error_};
  std::string_view rest = std::string_view(buffer_).substr(read_);
  Length length;
  const bool has_length = take_number(rest, length);
  if (has_length && length > max_frame) return fail(FrameError::too_large);
  if (!has_length || rest.size() < length) {
    drop_used(buffer_, read_);
    // Those of the frame that is still arriving are allowed to be here.
    if (descriptors_.size() > max_frame_descriptors) return fail(FrameError::unwanted_descriptors);
    return std::optional<Message>();
  }
  auto message = read_frame(rest.substr(0, length));
  if (!message) return fail(message.error());
  read_ += sizeof length + length;
  return message;
}

template <typename Message>
Result<std::optional<Message>, FrameError> FrameReader<Message>::read_frame(
    std::string_view frame) {
  std::uint8_t kind, count;
  if (frame.size() < head_size) return Failure{FrameError::too_short};
  take_number(frame, kind);
  take_number(frame, count);
  std::vector<FileDescriptor> descriptors;
  while (descriptors.size() < count) {
    if (descriptors_.empty()) return Failure{FrameError::missing_descriptor};
    descriptors.push_back(std::move(descriptors_.front()));
    descriptors_.pop_front();
    if (descriptors.back().get() < 0) descriptors.resize(count);  // the others are lost too
  }
  if constexpr (std::is_same_v<Message, Command>) {
    if (kind != static_cast<std::uint8_t>(Kind::command)) return Failure{FrameError::unknown_kind};
    auto command = decode_command(frame, std::move(descriptors));
    if (!command) return Failure{FrameError::bad_message};
    return std::optional<Message>(std::move(*command));
  } else {
    if (kind == static_cast<std::uint8_t>(Kind::event)) {
      auto event = decode_event(frame, std::move(descriptors));
      if (!event) return Failure{FrameError::bad_message};
      return std::optional<Message>(std::in_place, std::move(*event));
    }
    if (kind != static_cast<std::uint8_t>(Kind::answer)) return Failure{FrameError::unknown_kind};
    QuestionAnswered answered;
    if (!take_number(frame, answered.question)) return Failure{FrameError::bad_message};
    auto answer = decode_answer(frame);
    if (!answer) return Failure{FrameError::bad_message};
    answered.answer = std::move(*answer);
    return std::optional<Message>(std::in_place, std::move(answered));
  }
}

template class FrameReader<ToPython>;
template class FrameReader<Command>;

}  // namespace sioserve::port

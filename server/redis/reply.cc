#include "server/redis/reply.h"

#include <new>
#include <utility>

namespace sioserve::redis {
namespace {

Reply::Type type_of(int type) {
  switch (type) {
    case REDIS_REPLY_STATUS:
      return Reply::Type::status;
    case REDIS_REPLY_ERROR:
      return Reply::Type::error;
    default:  // hiredis calls create_string() for nothing else
      return Reply::Type::string;
  }
}

// The types of RESP 3, which hiredis knows since 1.0, are not asked for.
template <typename Functions>
void refuse_resp3(Functions& functions) {
  if constexpr (requires { functions.createDouble; }) {
    functions.createDouble = [](const redisReadTask*, double, char*,
                                std::size_t) noexcept -> void* { return nullptr; };
    functions.createBool = [](const redisReadTask*, int) noexcept -> void* { return nullptr; };
  }
}

}  // namespace

// Where a value of the reply belongs: a new reply, or an element of an array. The arrays have their
// final size, so their elements do not move.
Reply* ReplyReader::place_of(const redisReadTask* task) {
  if (task->parent == nullptr) return std::make_unique<Reply>().release();
  auto* array = static_cast<Reply*>(task->parent->obj);
  return &array->elements[static_cast<std::size_t>(task->idx)];
}

Reply* ReplyReader::new_array(const redisReadTask* task, std::size_t count) {
  auto* reader = static_cast<ReplyReader*>(task->privdata);
  if (count > max_elements - reader->elements_) {
    reader->error_ = "a reply has more than " + std::to_string(max_elements) + " elements";
    return nullptr;
  }
  reader->elements_ += count;
  Reply* reply = place_of(task);
  reply->type = Reply::Type::array;
  reply->elements.resize(count);
  return reply;
}

redisReplyObjectFunctions ReplyReader::make_functions() {
  redisReplyObjectFunctions made{};
  made.createString = [](const redisReadTask* task, char* bytes,
                         std::size_t size) noexcept -> void* {
    Reply* reply = place_of(task);
    reply->type = type_of(task->type);
    reply->text.assign(bytes, size);
    return reply;
  };
  made.createArray = create_array;
  made.createInteger = [](const redisReadTask* task, long long value) noexcept -> void* {
    Reply* reply = place_of(task);
    reply->type = Reply::Type::integer;
    reply->integer = value;
    return reply;
  };
  made.createNil = [](const redisReadTask* task) noexcept -> void* { return place_of(task); };
  // Only for what place_of() has allocated.
  made.freeObject = [](void* reply) noexcept {
    std::unique_ptr<Reply>(static_cast<Reply*>(reply)).reset();
  };
  refuse_resp3(made);
  return made;
}

ReplyReader::ReplyReader(std::size_t max_bytes)
    : max_bytes_(max_bytes),
      functions_(make_functions()),
      reader_(redisReaderCreateWithFunctions(&functions_)) {
  if (!reader_) throw std::bad_alloc();
  reader_->privdata = this;
}

void ReplyReader::feed(std::string_view bytes) {
  if (!error_.empty()) return;
  if (reader_->len - reader_->pos + bytes.size() > max_bytes_) {
    error_ = "a reply is larger than " + std::to_string(max_bytes_) + " bytes";
    return;
  }
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    error_ = reader_->errstr;
  }
}

Result<std::optional<Reply>, std::string> ReplyReader::next() {
  if (!error_.empty()) return Failure{error_};
  void* found = nullptr;
  if (redisReaderGetReply(reader_.get(), &found) != REDIS_OK) {
    if (error_.empty()) error_ = reader_->errstr;
    return Failure{error_};
  }
  if (found == nullptr) return std::optional<Reply>();
  elements_ = 0;
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(found));
  return std::optional<Reply>(std::move(*reply));
}

}  // namespace sioserve::redis

#include "server/redis/redis_bus.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

#include "server/redis/backoff.h"

namespace sioserve::redis {
namespace {

constexpr Milliseconds check_interval{1'000};
constexpr Milliseconds longest_flush{1'000};
// Counted for each message that waits, in addition to its bytes.
constexpr std::size_t message_overhead = 128;
// Different reasons that are logged in one outage.
constexpr std::size_t max_reasons = 5;

std::string messages(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " message" : " messages");
}

std::string seconds(Clock::duration time) {
  const auto tenths = std::chrono::duration_cast<Milliseconds>(time).count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

}  // namespace

RedisBus::RedisBus(net::Loop& loop, RedisBusSettings settings, const Logger& logger,
                   Counters& counters)
    : loop_(loop),
      settings_(std::move(settings)),
      logger_(logger),
      counters_(counters),
      tls_(loop, settings_.url.tls, settings_.tls, logger),
      subscriber_(loop, settings_.url, tls_, settings_.pub_sub, settings_.times, *this),
      publisher_(loop, settings_.url, tls_, settings_.pub_sub, settings_.times, *this),
      tick_(loop, [this] { tick(); }),
      stop_limit_(loop, [this] { finish_stop(); }),
      others_(loop, [this] { connect_if_complete(); }) {}

void RedisBus::start(socketio::cluster::BusObserver& observer) {
  observer_ = &observer;
  state_ = State::first_attempt;
  outage_.emplace(Outage{loop_.now(), 0, 0, 0, {}});
  tls_.start();
  subscriber_.start();
  publisher_.start();
  tick_.start_repeating(check_interval);
}

// --- Bus ---

void RedisBus::subscribe(const std::string& channel) {
  if (++subscriptions_[channel] == 1 && subscriber_.ready()) {
    subscriber_.connection().subscribe(channel);
  }
}

void RedisBus::unsubscribe(const std::string& channel) {
  const auto found = subscriptions_.find(channel);
  if (found == subscriptions_.end() || --found->second > 0) return;
  subscriptions_.erase(found);
  if (subscriber_.ready()) subscriber_.connection().unsubscribe(channel);
}

RedisBus::Published RedisBus::publish(const std::string& channel, std::string payload) {
  if (const auto published = try_send(channel, payload)) return *published;
  const std::size_t size = channel.size() + payload.size();
  const bool waits_for_first = state_ == State::idle || state_ == State::first_attempt;
  const std::size_t limit = waits_for_first
                                ? std::max(settings_.max_unsent_bytes, settings_.max_queued_bytes)
                                : settings_.max_queued_bytes;
  if (state_ == State::stopped || queued_bytes_ + size + message_overhead > limit) return drop();
  queued_bytes_ += size + message_overhead;
  queue_.push_back({channel, std::move(payload)});
  if (outage_) ++outage_->queued;
  return Published::queued;
}

RedisBus::Published RedisBus::publish_now(const std::string& channel, std::string payload) {
  if (const auto published = try_send(channel, payload)) return *published;
  return drop();
}

void RedisBus::count_subscribers(const std::string& channel, Count answer) {
  if (publisher_.ready()) {
    counts_.push_back(std::move(answer));
    publisher_.connection().count_subscribers(channel);
  } else {
    failed_counts_.push_back(std::move(answer));
    loop_.deferred_queue().schedule(*this);
  }
}

void RedisBus::on_turn_end() {
  const std::vector<Count> failed = std::exchange(failed_counts_, {});
  for (const Count& answer : failed) answer(std::nullopt);
}

// --- LinkOwner ---

void RedisBus::link_ready(RedisLink& link) {
  if (&link == &subscriber_) {
    for (const auto& [channel, calls] : subscriptions_) link.connection().subscribe(channel);
  } else if (state_ == State::stopping) {
    send_queue();
  }
}

void RedisBus::link_event(RedisLink&, Event event) {
  std::visit([this](auto& alternative) { handle(std::move(alternative)); }, event);
}

void RedisBus::link_progressed(RedisLink& link) {
  if (&link == &publisher_) measure();
  connect_if_complete();
  stop_if_flushed();
}

void RedisBus::link_lost(RedisLink& link, const ConnectionError& error,
                         std::size_t unconfirmed_publishes) {
  const bool was_connected = state_ == State::connected;
  if (!outage_) outage_.emplace(Outage{loop_.now(), 0, 0, 0, {}});
  outage_->unconfirmed += unconfirmed_publishes;
  counters_.add(Counter::redis_unconfirmed, unconfirmed_publishes);
  if (&link == &publisher_) {
    measured_.reset();
    for (Count& answer : counts_) failed_counts_.push_back(std::move(answer));
    counts_.clear();
    if (!failed_counts_.empty()) loop_.deferred_queue().schedule(*this);
  }
  report_loss(link, error);
  if (state_ == State::stopping) {
    if (&link == &publisher_) finish_stop();
    return;
  }
  state_ = State::interrupted;
  others_due_.reset();
  others_.stop();
  shorten_queue();
  if (was_connected) {
    counters_.subtract(Counter::redis_connected);
    observer_->bus_interrupted();
  }
}

void RedisBus::handle(Message message) {
  // More may come after unsubscribe().
  if (observer_ == nullptr || !subscriptions_.contains(message.channel)) return;
  counters_.add(Counter::redis_received);
  observer_->message_received(message.channel, message.payload);
}

void RedisBus::handle(SubscriberCount count) {
  const Count answer = std::move(counts_.front());
  counts_.pop_front();
  answer(count.subscribers);
}

void RedisBus::handle(const PublishRefused& refused) {
  counters_.add(Counter::redis_dropped);
  if (!refused_.reached(loop_.now())) return;
  logger_.log(LogCategory::socketio, LogLevel::warning,
              "A message to other servers was not published: " + refused.reason);
}

// --- what is published ---

std::optional<RedisBus::Published> RedisBus::try_send(const std::string& channel,
                                                      std::string& payload) {
  const std::size_t size = channel.size() + payload.size();
  if (size > settings_.max_unsent_bytes) {
    handle(PublishRefused{"it is larger than " + std::to_string(settings_.max_unsent_bytes) +
                          " bytes"});
    return Published::dropped;
  }
  if (!publisher_.ready() || !queue_.empty() || state_ == State::first_attempt) {
    return std::nullopt;
  }
  if (publisher_.unsent() + size > settings_.max_unsent_bytes) {
    if (slow_.reached(loop_.now())) {
      logger_.log(LogCategory::socketio, LogLevel::warning,
                  "Redis at " + settings_.url.shown() +
                      " does not keep up with what is published; messages to other servers are "
                      "dropped");
    }
    counters_.add(Counter::redis_dropped);
    return Published::dropped;
  }
  send(channel, std::move(payload));
  return Published::sent;
}

void RedisBus::send(const std::string& channel, std::string payload) {
  counters_.add(Counter::redis_published);
  ++sent_;
  if (!measured_) measured_ = Measured{sent_, Clock::now()};
  publisher_.connection().publish(channel, std::move(payload));
}

void RedisBus::measure() {
  if (!measured_ || !publisher_.ready()) return;
  // Redis answers in order.
  if (sent_ - publisher_.connection().unconfirmed_publishes() < measured_->number) return;
  lag_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - measured_->sent);
  measured_.reset();
}

std::chrono::microseconds RedisBus::lag() const {
  if (!measured_) return lag_;
  return std::max(
      lag_, std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - measured_->sent));
}

void RedisBus::send_queue() {
  queued_bytes_ = 0;
  for (Waiting& waiting : std::exchange(queue_, {})) {
    send(waiting.channel, std::move(waiting.payload));
  }
}

RedisBus::Published RedisBus::drop() {
  counters_.add(Counter::redis_dropped);
  if (outage_) ++outage_->dropped;
  return Published::dropped;
}

// After the first attempt, less may wait than before.
void RedisBus::shorten_queue() {
  while (queued_bytes_ > settings_.max_queued_bytes) {
    const Waiting& last = queue_.back();
    queued_bytes_ -= last.channel.size() + last.payload.size() + message_overhead;
    queue_.pop_back();
    --outage_->queued;
    drop();
  }
}

// --- outages ---

void RedisBus::report_loss(const RedisLink& link, const ConnectionError& error) {
  // One line for the outage, and one for each reason for which Redis refuses us meanwhile.
  std::vector<std::string>& logged = outage_->reasons;
  const bool is_first = logged.empty();
  const bool is_new = error.kind == ConnectionError::Kind::refused && logged.size() < max_reasons &&
                      !std::ranges::count(logged, error.reason);
  if (!is_first && !is_new) return;
  logged.push_back(error.reason);
  std::string line = "Redis at " + settings_.url.shown();
  if (!is_first) {
    line += " is still away: " + error.reason;
  } else {
    line += state_ == State::first_attempt ? " is not reachable (" : " is away (";
    line += &link == &subscriber_ ? "subscriptions): " : "publishing): ";
    line += error.reason + "; messages to other servers ";
    line += settings_.max_queued_bytes == 0 ? "are dropped" : "wait";
    line += " (docs/redis.md#when-redis-is-away)";
  }
  logger_.log(LogCategory::socketio, LogLevel::warning, std::move(line));
}

void RedisBus::connect_if_complete() {
  if (state_ != State::first_attempt && state_ != State::interrupted) return;
  if (!subscriber_.ready() || !publisher_.ready()) return;
  if (subscriber_.connection().unconfirmed_subscriptions() > 0) return;
  if (must_wait_for_others()) return;
  others_due_.reset();
  if (state_ == State::interrupted) counters_.add(Counter::redis_reconnects);
  counters_.add(Counter::redis_connected);
  state_ = State::connected;
  report_recovery();
  outage_.reset();
  send_queue();
  observer_->bus_connected();
}

bool RedisBus::must_wait_for_others() {
  if (state_ != State::interrupted || queue_.empty()) return false;
  const TimePoint now = loop_.now();
  if (!others_due_) {
    // Their delays double from the shortest one, so none exceeds twice the time without Redis.
    const auto outage = std::chrono::ceil<Milliseconds>(now - outage_->since);
    const Milliseconds delay = std::min(2 * outage + Backoff::shortest, Backoff::longest);
    others_due_ = now + delay;
    others_.start_once(delay);
  }
  return now < *others_due_;
}

void RedisBus::report_recovery() {
  if (outage_->reasons.empty()) {
    logger_.log(LogCategory::socketio, LogLevel::info,
                "Connected to Redis at " + settings_.url.shown());
    return;
  }
  logger_.log(LogCategory::socketio, LogLevel::warning,
              "Redis at " + settings_.url.shown() + " is back after " +
                  seconds(loop_.now() - outage_->since) + ": " + messages(outage_->dropped) +
                  " dropped, " + std::to_string(outage_->queued) + " sent late, " +
                  std::to_string(outage_->unconfirmed) + " not confirmed");
}

void RedisBus::tick() {
  if (const auto count = slow_.take_ended(loop_.now())) {
    logger_.log(LogCategory::socketio, LogLevel::warning,
                messages(*count) + " to other servers dropped because Redis did not keep up");
  }
  if (const auto count = refused_.take_ended(loop_.now()); count && *count > 1) {
    logger_.log(LogCategory::socketio, LogLevel::warning,
                messages(*count) + " to other servers not published because Redis refused them");
  }
}

// --- the stop ---

void RedisBus::stop(std::function<void()> stopped) {
  stopped_ = std::move(stopped);
  const bool may_flush = publisher_.ready() || (state_ == State::first_attempt && !queue_.empty());
  if (state_ == State::connected) counters_.subtract(Counter::redis_connected);
  state_ = State::stopping;
  observer_ = nullptr;
  tls_.stop();
  if (!may_flush) return finish_stop();
  if (publisher_.ready()) send_queue();
  stop_limit_.start_once(longest_flush);
  stop_if_flushed();
}

void RedisBus::stop_if_flushed() {
  if (state_ != State::stopping || !publisher_.ready()) return;
  if (publisher_.connection().unconfirmed_publishes() == 0) finish_stop();
}

void RedisBus::finish_stop() {
  std::size_t unconfirmed = outage_ ? outage_->unconfirmed : 0;
  if (publisher_.ready()) unconfirmed += publisher_.connection().unconfirmed_publishes();
  const std::size_t dropped = queue_.size() + (outage_ ? outage_->dropped : 0);
  counters_.add(Counter::redis_dropped, queue_.size());
  if (dropped + unconfirmed > 0) {
    logger_.log(LogCategory::socketio, LogLevel::warning,
                "At the stop, Redis at " + settings_.url.shown() +
                    " was away: " + messages(dropped) + " to other servers dropped, " +
                    std::to_string(unconfirmed) + " not confirmed");
  }
  state_ = State::stopped;
  queue_.clear();
  queued_bytes_ = 0;
  tick_.stop();
  stop_limit_.stop();
  others_.stop();
  subscriber_.close();
  publisher_.close();
  if (const auto stopped = std::exchange(stopped_, nullptr)) stopped();
}

}  // namespace sioserve::redis

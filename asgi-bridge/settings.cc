#include "asgi-bridge/settings.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/access_log/access_logger.h"
#include "server/base/field_syntax.h"
#include "server/redis/redis_url.h"
#include "server/tls/files.h"

namespace sioserve::bridge {
namespace {

// --- Converts a Python value to a member: false with an exception set if it is invalid ---

bool read_value(PyObject* value, bool& target) {
  const int truth = PyObject_IsTrue(value);
  target = truth == 1;
  return truth >= 0;
}

// Zero to the largest value of the member's type.
template <typename Number>
requires std::is_integral_v<Number>
bool read_value(PyObject* value, Number& target) {
  const unsigned long long number = PyLong_AsUnsignedLongLong(value);
  if (PyErr_Occurred()) {
    if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
      PyErr_SetString(PyExc_ValueError, "must not be negative, nor beyond 64 bits");
    }
    return false;
  }
  if (number > static_cast<unsigned long long>(std::numeric_limits<Number>::max())) {
    PyErr_Format(PyExc_ValueError, "must be from 0 to %llu",
                 static_cast<unsigned long long>(std::numeric_limits<Number>::max()));
    return false;
  }
  target = static_cast<Number>(number);
  return true;
}

bool read_value(PyObject* value, Milliseconds& target) {
  std::int64_t count = 0;
  if (!read_value(value, count)) return false;
  target = Milliseconds(count);
  return true;
}

bool read_value(PyObject* value, std::string& target) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(value, &size);
  if (text == nullptr) return false;
  target.assign(text, static_cast<std::size_t>(size));
  return true;
}

// The name of an enum's value.
template <typename Enum>
bool read_choice(PyObject* value, const std::map<std::string, Enum>& names, Enum& target) {
  std::string name;
  if (!read_value(value, name)) return false;
  const auto found = names.find(name);
  if (found != names.end()) {
    target = found->second;
    return true;
  }
  std::string choices;
  for (const auto& [choice, ignored] : names) choices += (choices.empty() ? "" : ", ") + choice;
  PyErr_Format(PyExc_ValueError, "must be one of: %s", choices.c_str());
  return false;
}

bool read_value(PyObject* value, AccessLogConfig::Target& target) {
  using Target = AccessLogConfig::Target;
  return read_choice<Target>(value,
                             {{"none", Target::none},
                              {"file", Target::file},
                              {"stdout", Target::standard_output},
                              {"logging", Target::logging}},
                             target);
}

bool read_value(PyObject* value, UnderscoreHeaders& target) {
  return read_choice<UnderscoreHeaders>(
      value, {{"drop", UnderscoreHeaders::drop}, {"keep", UnderscoreHeaders::keep}}, target);
}

bool read_value(PyObject* value, TlsConfig::ClientCertificates& target) {
  using Wanted = TlsConfig::ClientCertificates;
  return read_choice<Wanted>(
      value,
      {{"none", Wanted::none}, {"optional", Wanted::optional}, {"required", Wanted::required}},
      target);
}

bool read_value(PyObject* value, TlsConfig::MinVersion& target) {
  using Version = TlsConfig::MinVersion;
  return read_choice<Version>(value, {{"1.2", Version::tls_1_2}, {"1.3", Version::tls_1_3}},
                              target);
}

bool read_value(PyObject* value, SocketIoConfig::Parser& target) {
  using Parser = SocketIoConfig::Parser;
  return read_choice<Parser>(value, {{"json", Parser::json}, {"msgpack", Parser::msgpack}}, target);
}

bool read_value(PyObject* value, RedisConfig::Format& target) {
  using Format = RedisConfig::Format;
  return read_choice<Format>(
      value,
      {{"redis-adapter", Format::redis_adapter}, {"python-socketio", Format::python_socketio}},
      target);
}

bool read_value(PyObject* value, SocketIoConfig::SlowConsumer& target) {
  using SlowConsumer = SocketIoConfig::SlowConsumer;
  return read_choice<SlowConsumer>(value,
                                   {{"disconnect", SlowConsumer::disconnect},
                                    {"drop-volatile", SlowConsumer::drop_volatile},
                                    {"drop-oldest", SlowConsumer::drop_oldest}},
                                   target);
}

bool read_pair(PyObject* value, std::string& first, std::string& second) {
  const PyRef pair = PyRef::steal(PySequence_Fast(value, "must hold pairs of str"));
  if (!pair) return false;
  if (PySequence_Fast_GET_SIZE(pair.get()) != 2) {
    PyErr_SetString(PyExc_ValueError, "must hold pairs of str");
    return false;
  }
  return read_value(PySequence_Fast_GET_ITEM(pair.get(), 0), first) &&
         read_value(PySequence_Fast_GET_ITEM(pair.get(), 1), second);
}

// A header that is valid in every response.
bool read_value(PyObject* value, Header& target) {
  if (!read_pair(value, target.name, target.value)) return false;
  if (!is_token(target.name) || !is_field_value(target.value)) {
    PyErr_Format(PyExc_ValueError, "not an HTTP header: %R", value);
    return false;
  }
  for (const std::string_view name : {"connection", "content-length", "transfer-encoding"}) {
    if (!equals_ignoring_case(target.name, name)) continue;
    PyErr_Format(PyExc_ValueError, "the server itself decides about %s", target.name.c_str());
    return false;
  }
  return true;
}

bool read_value(PyObject* value, StaticFiles& target) {
  return read_pair(value, target.prefix, target.directory);
}

bool read_value(PyObject* value, std::pair<std::string, std::string>& target) {
  return read_pair(value, target.first, target.second);
}

template <typename Item>
bool read_value(PyObject* value, std::vector<Item>& target) {
  if (PyUnicode_Check(value)) {
    PyErr_SetString(PyExc_TypeError, "must be a sequence, not one str");
    return false;
  }
  const PyRef list = PyRef::steal(PySequence_Fast(value, "must be a sequence"));
  if (!list) return false;
  target.clear();
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    if (!read_value(PySequence_Fast_GET_ITEM(list.get(), i), target.emplace_back())) return false;
  }
  return true;
}

bool read_value(PyObject* value, TrustedProxies& target) {
  std::vector<std::string> entries;
  if (!read_value(value, entries)) return false;
  auto proxies = TrustedProxies::parse(entries);
  if (!proxies) {
    PyErr_SetString(PyExc_ValueError, proxies.error().c_str());
    return false;
  }
  target = std::move(*proxies);
  return true;
}

// --- The table ---

using Reader = std::function<bool(PyObject*, Config&)>;

// `member` is the Config member of a setting.
template <typename Member>
Reader any(Member member) {
  return [member](PyObject* value, Config& config) { return read_value(value, member(config)); };
}

// For times and sizes that cannot be 0.
template <typename Member>
Reader positive(Member member) {
  return [member](PyObject* value, Config& config) {
    auto& target = member(config);
    if (!read_value(value, target)) return false;
    if (target != std::remove_reference_t<decltype(target)>{}) return true;
    PyErr_SetString(PyExc_ValueError, "must be positive");
    return false;
  };
}

// Compiles the format only to check it: an invalid format is an error of the call, as for other
// settings, although the format is used only after the start.
bool read_access_log_format(PyObject* value, Config& config) {
  if (!read_value(value, config.access_log.format)) return false;
  const auto format = access_log::compile(config.access_log);
  if (!format) PyErr_SetString(PyExc_ValueError, format.error().c_str());
  return static_cast<bool>(format);
}

bool read_redis_url(PyObject* value, Config& config) {
  if (!read_value(value, config.redis.url)) return false;
  if (config.redis.url.empty()) return true;
  const auto url = redis::parse_redis_url(config.redis.url);
  if (!url) PyErr_SetString(PyExc_ValueError, url.error().c_str());
  return static_cast<bool>(url);
}

#define MEMBER(path) \
  [](Config & config) -> auto& { return config.path; }

// Those of the dict `tls`.
const std::map<std::string, Reader>& tls_settings() {
  static const std::map<std::string, Reader> table = {
      {"certificates", any(MEMBER(tls.certificates))},
      {"directory", any(MEMBER(tls.directory))},
      {"key_password", any(MEMBER(tls.key_password))},
      {"client_ca", any(MEMBER(tls.client_ca))},
      {"client_certificates", any(MEMBER(tls.client_certificates))},
      {"min_version", any(MEMBER(tls.min_version))},
      {"ciphers", any(MEMBER(tls.ciphers))},
      {"handshake_timeout_ms", any(MEMBER(tls.handshake_timeout))},
      {"max_handshakes", any(MEMBER(tls.max_handshakes))},
      {"redirect_port", any(MEMBER(tls.redirect_port))},
      {"hsts", any(MEMBER(tls.hsts))},
  };
  return table;
}

bool read_tls(PyObject* value, Config& config);

const std::map<std::string, Reader>& settings() {
  static const std::map<std::string, Reader> table = {
      {"backlog", positive(MEMBER(backlog))},
      {"python_processes", any(MEMBER(python_processes))},
      {"graceful_timeout_ms", any(MEMBER(graceful_timeout))},

      {"max_request_line", positive(MEMBER(http.max_request_line))},
      {"max_header_bytes", positive(MEMBER(http.max_header_bytes))},
      {"max_headers", positive(MEMBER(http.max_headers))},
      {"max_body", any(MEMBER(http.max_body))},
      {"requests_per_connection", any(MEMBER(http.requests_per_connection))},
      {"first_byte_timeout_ms", any(MEMBER(http.first_byte_timeout))},
      {"header_timeout_ms", any(MEMBER(http.header_timeout))},
      {"body_timeout_ms", any(MEMBER(http.body_timeout))},
      {"keep_alive_timeout_ms", any(MEMBER(http.keep_alive_timeout))},
      {"send_timeout_ms", any(MEMBER(http.send_timeout))},
      {"half_close_timeout_ms", any(MEMBER(http.half_close_timeout))},
      {"application_timeout_ms", any(MEMBER(http.application_timeout))},
      {"server_header", any(MEMBER(http.server_header))},
      {"date_header", any(MEMBER(http.date_header))},
      {"underscore_headers", any(MEMBER(http.underscore_headers))},
      {"request_id_header", any(MEMBER(http.request_id_header))},
      {"extra_headers", any(MEMBER(http.extra_headers))},
      {"http2", any(MEMBER(tls.http2))},
      {"http2_cleartext", any(MEMBER(http2.cleartext))},
      {"http2_max_streams", any(MEMBER(http2.max_streams))},

      {"websocket_max_message", any(MEMBER(websocket.max_message))},
      {"websocket_max_frame", any(MEMBER(websocket.max_frame))},
      {"websocket_ping_interval_ms", any(MEMBER(websocket.ping_interval))},
      {"websocket_ping_timeout_ms", any(MEMBER(websocket.ping_timeout))},
      {"websocket_connect_timeout_ms", any(MEMBER(websocket.connect_timeout))},
      {"websocket_lifetime_ms", any(MEMBER(websocket.lifetime))},
      {"websocket_per_message_deflate", any(MEMBER(websocket.per_message_deflate))},

      {"forwarded_headers", any(MEMBER(proxy.forwarded_headers))},
      {"trusted_proxies", any(MEMBER(proxy.trusted))},
      {"forwarded_for_header", any(MEMBER(proxy.forwarded_for_header))},
      {"forwarded_port_header", any(MEMBER(proxy.forwarded_port_header))},
      {"proxy_protocol", any(MEMBER(proxy.proxy_protocol))},

      {"max_connections", any(MEMBER(load.max_connections))},
      {"max_connections_per_address", any(MEMBER(load.max_connections_per_address))},
      {"max_concurrency", any(MEMBER(load.max_concurrency))},
      {"max_requests", any(MEMBER(load.max_requests))},

      {"tls", read_tls},

      {"access_log", any(MEMBER(access_log.target))},
      {"access_log_path", any(MEMBER(access_log.path))},
      {"access_log_format", read_access_log_format},
      {"access_log_json", any(MEMBER(access_log.json))},

      {"static_files", any(MEMBER(static_files))},
      {"content_types", any(MEMBER(content_types))},

      {"socketio_path", any(MEMBER(socketio_path))},
      {"native_socketio", any(MEMBER(native_socketio))},
      {"namespaces", any(MEMBER(namespaces))},
      {"ask_about_handshakes", any(MEMBER(ask_about_handshakes))},
      {"allowed_hosts", any(MEMBER(allowed_hosts))},
      {"client_directory", any(MEMBER(client_directory))},
      {"ping_interval_ms", positive(MEMBER(engine_io.ping_interval))},
      {"ping_timeout_ms", positive(MEMBER(engine_io.ping_timeout))},
      {"upgrade_timeout_ms", positive(MEMBER(engine_io.upgrade_timeout))},
      {"connect_timeout_ms", positive(MEMBER(engine_io.connect_timeout))},
      {"max_payload_bytes", positive(MEMBER(engine_io.max_payload))},
      {"engineio_per_message_deflate", any(MEMBER(engine_io.per_message_deflate))},
      {"engineio_http_compression", any(MEMBER(engine_io.http_compression))},
      {"engineio_compression_threshold", any(MEMBER(engine_io.compression_threshold))},
      {"allow_eio3", any(MEMBER(engine_io.allow_eio3))},
      {"transports", any(MEMBER(engine_io.transports))},
      {"allow_upgrades", any(MEMBER(engine_io.allow_upgrades))},
      {"ask_about_origins", any(MEMBER(engine_io.cors.ask))},
      {"cors_origins", any(MEMBER(engine_io.cors.origins))},
      {"cors_credentials", any(MEMBER(engine_io.cors.credentials))},
      {"cors_allowed_headers", any(MEMBER(engine_io.cors.allowed_headers))},
      {"cors_exposed_headers", any(MEMBER(engine_io.cors.exposed_headers))},
      {"cors_max_age", any(MEMBER(engine_io.cors.max_age))},
      {"cookie", any(MEMBER(engine_io.cookie))},
      {"cookie_attributes", any(MEMBER(engine_io.cookie_attributes))},
      {"max_sessions", any(MEMBER(engine_io.max_sessions))},
      {"max_packets_per_poll", any(MEMBER(engine_io.max_packets_per_poll))},
      {"max_sessions_per_address", any(MEMBER(engine_io.max_sessions_per_address))},
      {"max_packets_per_second", any(MEMBER(engine_io.max_packets_per_second))},
      {"max_bytes_per_second", any(MEMBER(engine_io.max_bytes_per_second))},
      {"parser", any(MEMBER(socket_io.parser))},
      {"slow_consumer", any(MEMBER(socket_io.slow_consumer))},
      {"max_namespaces", any(MEMBER(socket_io.max_namespaces))},
      {"max_dynamic_namespaces", any(MEMBER(socket_io.max_dynamic_namespaces))},
      {"max_rooms", any(MEMBER(socket_io.max_rooms))},
      {"recovery_window_ms", any(MEMBER(socket_io.recovery_window))},
      {"recovery_buffer_bytes", positive(MEMBER(socket_io.recovery_buffer))},
      {"max_recoverable", any(MEMBER(socket_io.max_recoverable))},
      {"max_recovery_bytes", any(MEMBER(socket_io.max_recovery_bytes))},
      {"max_attachments", any(MEMBER(socket_io.max_attachments))},
      {"max_json_depth", positive(MEMBER(socket_io.max_json_depth))},
      {"max_event_name", positive(MEMBER(socket_io.max_event_name))},
      {"max_events_in_flight", positive(MEMBER(socket_io.max_events_in_flight))},
      {"max_read_ahead", positive(MEMBER(socket_io.max_read_ahead))},
      {"max_queued_bytes", positive(MEMBER(socket_io.max_queued_bytes))},
      {"max_queued_total_bytes", any(MEMBER(socket_io.max_queued_total_bytes))},
      {"max_pending_acks", positive(MEMBER(socket_io.max_pending_acks))},

      {"redis_url", read_redis_url},
      {"redis_queue_bytes", any(MEMBER(redis.max_queued_bytes))},
      {"redis_sharded", any(MEMBER(redis.sharded))},
      {"redis_prefix", any(MEMBER(redis.prefix))},
      {"redis_format", any(MEMBER(redis.format))},

      {"metrics", any(MEMBER(metrics.on))},
      {"metrics_path", any(MEMBER(metrics.path))},
      {"metrics_trusted", any(MEMBER(metrics.trusted))},
      {"metrics_require_redis", any(MEMBER(metrics.require_redis))},

      {"send_window", positive(MEMBER(send_window))},
      {"receive_window", positive(MEMBER(receive_window))},
      {"max_app_events", positive(MEMBER(max_app_events))},
      {"max_app_event_bytes", positive(MEMBER(max_app_event_bytes))},
      {"max_command_bytes", positive(MEMBER(max_command_bytes))},
  };
  return table;
}

#undef MEMBER

// Puts the name of the setting before the message of the exception that is set.
void name_setting(const std::string& name) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  const PyRef kind = PyRef::steal(type);
  const PyRef reason = PyRef::steal(value);
  const PyRef trace = PyRef::steal(traceback);
  PyErr_Format(kind.get(), "%s: %S", name.c_str(), reason.get());
}

bool read_from(const std::map<std::string, Reader>& table, const std::string& name, PyObject* value,
               Config& config) {
  const auto found = table.find(name);
  if (found == table.end()) {
    PyErr_Format(PyExc_TypeError, "Server() got an unknown setting: %s", name.c_str());
    return false;
  }
  if (found->second(value, config)) return true;
  name_setting(name);
  return false;
}

bool read_tls(PyObject* value, Config& config) {
  if (value == Py_None) return true;
  if (!PyDict_Check(value)) {
    PyErr_SetString(PyExc_TypeError, "must be a dict");
    return false;
  }
  PyObject *key, *item;
  for (Py_ssize_t position = 0; PyDict_Next(value, &position, &key, &item);) {
    std::string name;
    if (!read_value(key, name) || !read_from(tls_settings(), name, item, config)) return false;
  }
  return true;
}

}  // namespace

bool read_setting(const Gil&, const std::string& name, PyObject* value, Config& config) {
  return read_from(settings(), name, value, config);
}

bool load_redis_certificates(const Gil& gil, Config& config) {
  if (config.redis.url.empty()) return true;
  const auto url = redis::parse_redis_url(config.redis.url);
  if (!url || !url->tls) return true;
  auto context = tls::load_client_context(*url->tls);
  if (context) {
    config.redis.tls = std::move(*context);
    return true;
  }
  // The message may contain a path that is not UTF-8.
  const PyRef reason = to_py_str(gil, "redis_url: " + context.error());
  if (reason) PyErr_SetObject(PyExc_ValueError, reason.get());
  return false;
}

}  // namespace sioserve::bridge

// One HTTP request for the ASGI application (ASGI HTTP specification 2.3).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "asgi-bridge/asgi_stream.h"
#include "server/base/http_values.h"
#include "server/port/messages.h"

namespace sioserve::bridge {

class HttpStream final : public AsgiStream {
 public:
  // Takes the part of the body that has arrived; the scope is already built.
  HttpStream(Bridge& bridge, HttpRequest& request);

  void on_body(const Gil& gil, HttpBody event);
  void on_disconnect(const Gil& gil) { close(gil); }
  // Whether the application has sent its complete response.
  bool responded() const { return response_ >= Response::ended; }
  // receive() returns http.disconnect, but send() still works.
  void on_abandoned(const Gil& gil);
  bool abandoned() const { return abandoned_; }

  bool send(const Gil& gil, PyObject* message) override;
  void on_task_done(const Gil& gil, PyObject* error) override;

 private:
  PyRef next_message(const Gil& gil) override;
  bool send_start(const Gil& gil, PyObject* message);
  bool read_start_options(const Gil& gil, PyObject* message);
  bool add_measurements(const Gil& gil, PyObject* message);
  bool send_body(const Gil& gil, PyObject* message);
  bool send_path(const Gil& gil, PyObject* message);
  bool send_trailers(const Gil& gil, PyObject* message);
  bool send_early_hint(const Gil& gil, PyObject* message);
  void body_ends(const Gil& gil);

  // In this order.
  enum class Response { not_started, head_given, started, trailers_due, ended, handed_over };

  std::string body_;  // arrived, not yet received
  bool body_ended_;
  bool body_delivered_ = false;  // the message with more_body False has been received
  bool first_receive_ = true;
  // Since the epoch of steady_clock; 0 where requests are not measured.
  const std::chrono::microseconds called_at_;
  const bool counts_credit_;  // whether the I/O thread counts the bytes in body_
  bool abandoned_ = false;
  Response response_ = Response::not_started;
  ResponseHead head_;
  bool has_trailers_ = false;
  Headers trailers_;
};

}  // namespace sioserve::bridge

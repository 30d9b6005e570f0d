#include "asgi-bridge/http_stream.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "asgi-bridge/bridge.h"
#include "asgi-bridge/message.h"
#include "server/base/clock.h"
#include "server/base/field_syntax.h"
#include "server/base/file_part.h"
#include "server/http/trailers.h"

namespace sioserve::bridge {

namespace {

std::chrono::microseconds time_of_call(const Config& config) {
  if (!config.metrics.on) return std::chrono::microseconds(0);
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch());
}

}  // namespace

HttpStream::HttpStream(Bridge& bridge, HttpRequest& request)
    : AsgiStream(bridge, request.stream),
      body_(std::move(request.body)),
      body_ended_(!request.more_body),
      called_at_(time_of_call(bridge.config())),
      counts_credit_(request.more_body) {}

void HttpStream::on_body(const Gil& gil, HttpBody event) {
  if (body_.empty()) {
    body_ = std::move(event.body);
  } else {
    body_.append(event.body);
  }
  body_ended_ = !event.more_body;
  wake(gil, Wait::message);
}

void HttpStream::on_abandoned(const Gil& gil) {
  abandoned_ = true;
  wake(gil, Wait::message);
}

PyRef HttpStream::next_message(const Gil& gil) {
  const Names& names = bridge().names();
  // The first receive() also makes the server send "100 Continue" if the client waits for it.
  if (counts_credit_ && (first_receive_ || !body_.empty()) && !body_delivered_) {
    bridge().post(HttpBodyConsumed{id(), body_.size()});
  }
  first_receive_ = false;
  if (!body_delivered_ && (body_ended_ || !body_.empty())) {
    const PyRef body = to_py_bytes(gil, std::exchange(body_, {}));
    const PyRef message = PyRef::steal(PyDict_New());
    if (!body || !message) return PyRef();
    body_delivered_ = body_ended_;
    const bool filled =
        PyDict_SetItem(message.get(), names.type.get(), names.http_request.get()) == 0 &&
        PyDict_SetItem(message.get(), names.body.get(), body.get()) == 0 &&
        PyDict_SetItem(message.get(), names.more_body.get(), body_ended_ ? Py_False : Py_True) == 0;
    return filled ? message : PyRef();
  }
  if (!closed() && !abandoned_) return PyRef();
  const PyRef message = PyRef::steal(PyDict_New());
  if (!message) return PyRef();
  const bool filled =
      PyDict_SetItem(message.get(), names.type.get(), names.http_disconnect.get()) == 0;
  return filled ? message : PyRef();
}

bool HttpStream::send(const Gil& gil, PyObject* message) {
  const Names& names = bridge().names();
  PyObject* type = message_type(message, names.type);
  if (type == nullptr) return false;
  if (is_type(type, "http.response.body")) return send_body(gil, message);
  if (is_type(type, "http.response.start")) return send_start(gil, message);
  if (is_type(type, "http.response.pathsend")) return send_path(gil, message);
  if (is_type(type, "http.response.trailers")) return send_trailers(gil, message);
  if (is_type(type, "http.response.early_hint")) return send_early_hint(gil, message);
  if (is_type(type, "sioserve.engineio.accept")) {
    if (response_ != Response::not_started) {
      PyErr_SetString(PyExc_RuntimeError, "sioserve.engineio.accept after http.response.start");
      return false;
    }
    response_ = Response::handed_over;
    if (closed()) return true;
    if (abandoned_) {
      bridge().post(HttpFail{id()});  // the client has disconnected
      return true;
    }
    bridge().socket_io().keep_scope(gil, id(), find_item(message, names.scope));
    bridge().post(HttpHandOver{id()});
    return true;
  }
  PyErr_Format(PyExc_RuntimeError, "unexpected ASGI message %R on an HTTP connection", type);
  return false;
}

bool HttpStream::send_start(const Gil& gil, PyObject* message) {
  const Names& names = bridge().names();
  if (response_ != Response::not_started) {
    PyErr_SetString(PyExc_RuntimeError, "http.response.start was sent twice");
    return false;
  }
  const auto status = read_int(gil, message, names.status, -1);
  if (!status) return false;
  if (*status < 200 || *status > 599) {
    PyErr_Format(PyExc_ValueError, "http.response.start needs a status from 200 to 599, not %ld",
                 *status);
    return false;
  }
  auto headers = read_headers(gil, message, names.headers);
  if (!headers) return false;
  // Most messages have a type, a status and headers, and nothing else.
  const Py_ssize_t plain_size = headers->empty() ? 2 : 3;
  head_ =
      ResponseHead{.status = static_cast<std::uint16_t>(*status), .headers = std::move(*headers)};
  if (PyDict_Size(message) > plain_size && !read_start_options(gil, message)) return false;
  if (called_at_ > std::chrono::microseconds(0) && !add_measurements(gil, message)) return false;
  response_ = Response::head_given;
  return true;
}

bool HttpStream::read_start_options(const Gil& gil, PyObject* message) {
  const auto has_trailers = read_bool(gil, message, bridge().names().trailers);
  if (!has_trailers) return false;
  has_trailers_ = *has_trailers;
  const auto thread_wait = read_int(gil, message, bridge().names().thread_wait, 0);
  if (!thread_wait) return false;
  head_.thread_wait = std::chrono::microseconds(std::max(*thread_wait, 0L));
  return true;
}

bool HttpStream::add_measurements(const Gil& gil, PyObject* message) {
  head_.called_at = called_at_;
  const Names& names = bridge().names();
  PyObject* const match = find_item(message, names.match);
  if (match == nullptr && PyErr_Occurred()) return false;
  // Django's patterns have no slash at the beginning.
  head_.route = match == nullptr || match == Py_None
                    ? bridge().asgi().route_of(gil, id())
                    : "/" + text_attribute(gil, match, names.route);
  return true;
}

bool HttpStream::send_body(const Gil& gil, PyObject* message) {
  const Names& names = bridge().names();
  switch (response_) {
    case Response::not_started:
      PyErr_SetString(PyExc_RuntimeError, "http.response.body before http.response.start");
      return false;
    case Response::trailers_due:
    case Response::ended:
    case Response::handed_over:
      PyErr_SetString(PyExc_RuntimeError, "http.response.body after the end of the response");
      return false;
    case Response::head_given:
    case Response::started:
      break;
  }
  const auto more_body = read_bool(gil, message, names.more_body);
  if (!more_body) return false;
  auto body = read_bytes(gil, message, names.body);
  if (!body) return false;
  const bool starts = response_ == Response::head_given;
  response_ = Response::started;
  if (!closed()) {  // after a disconnect send() does nothing, as ASGI specifies
    add_in_flight(body->size());
    HttpRespond command{id(), std::nullopt, std::move(*body), *more_body || has_trailers_};
    if (starts) command.head.emplace(std::move(head_));
    bridge().post(HttpCommand(std::move(command)));
  }
  if (!*more_body) body_ends(gil);
  return true;
}

void HttpStream::body_ends(const Gil& gil) {
  if (has_trailers_) {
    response_ = Response::trailers_due;
  } else {
    response_ = Response::ended;
    close(gil);
  }
}

// Opens the file here and not later on the I/O thread: so the application gets the error, may
// delete the file as soon as send() has returned, and may give a path that is relative to its
// working directory (ASGI wants an absolute one, but Starlette passes on what it gets).
bool HttpStream::send_path(const Gil& gil, PyObject* message) {
  if (response_ != Response::head_given) {
    PyErr_SetString(PyExc_RuntimeError,
                    "http.response.pathsend must come after http.response.start, and alone");
    return false;
  }
  auto path = read_path(gil, message, bridge().names().path);
  if (!path) return false;
  if (!closed()) {
    std::optional<Result<FilePart, int>> file;
    {
      GilRelease release(gil);
      file.emplace(open_whole_file(*path));
    }
    if (!*file) {
      errno = file->error();
      PyErr_SetFromErrnoWithFilename(PyExc_OSError, path->c_str());
      return false;
    }
    const bool has_length = std::any_of(
        head_.headers.begin(), head_.headers.end(),
        [](const Header& header) { return equals_ignoring_case(header.name, "content-length"); });
    if (!has_length) {
      head_.headers.push_back({"content-length", std::to_string((*file)->size)});
    }
    bridge().post(
        HttpRespondFile{id(), std::move(head_), std::move(**file), /*more_body=*/has_trailers_});
  }
  body_ends(gil);
  return true;
}

bool HttpStream::send_trailers(const Gil& gil, PyObject* message) {
  if (response_ != Response::trailers_due) {
    PyErr_SetString(PyExc_RuntimeError,
                    "http.response.trailers must come after the last http.response.body of a "
                    "response that was started with trailers=True");
    return false;
  }
  const auto more_trailers = read_bool(gil, message, bridge().names().more_trailers);
  if (!more_trailers) return false;
  auto trailers = read_headers(gil, message, bridge().names().headers);
  if (!trailers) return false;
  for (Header& trailer : *trailers) {
    if (const auto error = http::trailer_error(trailer)) {
      PyErr_Format(PyExc_ValueError, "%s cannot be a trailer: %s", trailer.name.c_str(),
                   std::string(*error).c_str());
      return false;
    }
    trailers_.push_back(std::move(trailer));
  }
  if (*more_trailers) return true;
  response_ = Response::ended;
  if (!closed()) bridge().post(HttpTrailers{id(), std::move(trailers_)});
  close(gil);
  return true;
}

bool HttpStream::send_early_hint(const Gil& gil, PyObject* message) {
  auto links = read_bytes_list(gil, message, bridge().names().links);
  if (!links) return false;
  for (const std::string& link : *links) {
    if (is_field_value(link)) continue;
    PyErr_SetString(PyExc_ValueError, "a link of http.response.early_hint has a control character");
    return false;
  }
  // HTTP/1 can't send early hints after the head of the response.
  const bool in_time = response_ == Response::not_started || response_ == Response::head_given;
  if (in_time && !closed() && !links->empty()) {
    bridge().post(HttpEarlyHints{id(), std::move(*links)});
  }
  return true;
}

void HttpStream::on_task_done(const Gil& gil, PyObject* error) {
  if (error != nullptr) log_application_error(gil, error);
  if (!closed() && response_ != Response::handed_over) {
    if (error == nullptr && !abandoned_) {
      const bool begun = response_ == Response::started || response_ == Response::trailers_due;
      bridge().loggers().error(gil, begun
                                        ? "ASGI application returned before the end of its response"
                                        : "ASGI application returned without sending a response");
    }
    bridge().post(HttpFail{id()});
  }
  close(gil);
}

}  // namespace sioserve::bridge

// What nghttp2 calls, for one Engine. Only for engine.cc.
#pragma once

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "server/http2/engine.h"

namespace sioserve::http2 {

struct Engine::Callbacks {
  // The same for all connections.
  static const nghttp2_session_callbacks* table();

  // How many of the next bytes of a response's body are sent as one DATA frame.
  static ssize_t read_body(nghttp2_session* session, std::int32_t stream, std::uint8_t* buffer,
                           std::size_t most, std::uint32_t* flags, nghttp2_data_source* source,
                           void* engine);

  static int on_begin_frame(nghttp2_session* session, const nghttp2_frame_hd* frame, void* engine);
  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* engine);
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t flags, void* engine);
  static int on_invalid_header(nghttp2_session* session, const nghttp2_frame* frame,
                               const std::uint8_t* name, std::size_t name_size,
                               const std::uint8_t* value, std::size_t value_size,
                               std::uint8_t flags, void* engine);
  static int on_error(nghttp2_session* session, int code, const char* text, std::size_t size,
                      void* engine);
  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* engine);
  static int on_invalid_frame(nghttp2_session* session, const nghttp2_frame* frame, int error,
                              void* engine);
  static int on_data(nghttp2_session* session, std::uint8_t flags, std::int32_t stream,
                     const std::uint8_t* bytes, std::size_t size, void* engine);
  static int on_stream_close(nghttp2_session* session, std::int32_t stream, std::uint32_t code,
                             void* engine);
  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* engine);
  static int on_frame_not_send(nghttp2_session* session, const nghttp2_frame* frame, int error,
                               void* engine);
  static int send_data(nghttp2_session* session, nghttp2_frame* frame,
                       const std::uint8_t* frame_header, std::size_t size,
                       nghttp2_data_source* source, void* engine);
};

}  // namespace sioserve::http2

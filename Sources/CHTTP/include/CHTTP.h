// HTTP/2 framing (libnghttp2) and gzip (zlib) for Swift: both are libraries that libcurl brings along, and
// like it they are opened on first use, so that a start that calls no cluster does not pay for them.
#ifndef CHTTP_H
#define CHTTP_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Opens the libraries, once; NULL when they are ready, else why they are not. Thread-safe. Nothing below
/// may be called before it has returned NULL.
const char *chttp_load(void);

/// What a session tells while it reads and writes. `session` is its own context; `stream` is what was
/// given with the request, and streams whose context was taken away are not told about.
struct chttp_events {
  /// One header of an answer, `:status` and those of interim answers included; trailers are left out.
  /// False ends the stream.
  bool (*header)(void *session, void *stream, const uint8_t *name, size_t name_count,
                 const uint8_t *value, size_t value_count);
  /// The headers of one answer, interim or final, are complete.
  void (*headers_end)(void *session, void *stream);
  /// A piece of the body. False ends the stream.
  bool (*data)(void *session, void *stream, const uint8_t *bytes, size_t count);
  /// The answer is complete; trailers may have followed.
  void (*answer_end)(void *session, void *stream, int32_t id);
  /// The request's headers have been written into the output, or its body's end when `is_end`, or both.
  void (*sent)(void *session, void *stream, bool is_head, bool is_end);
  /// Copies the next part of the request's body; 0 is its end.
  size_t (*body)(void *session, void *stream, uint8_t *buffer, size_t capacity);
  /// The stream is over; 0 without a complaint of either side, else an error code of RFC 9113.
  void (*closed)(void *session, void *stream, int32_t id, uint32_t code);
  /// The server's settings have come; the first time the number of streams becomes known.
  void (*settings)(void *session);
  /// The server takes no more requests here.
  void (*goaway)(void *session, uint32_t code);
};

/// One side of a connection: the client's.
struct chttp_session;
/// A client's session with its settings queued; NULL when memory is short. `events` must outlive it.
struct chttp_session *chttp_session_make(const struct chttp_events *events);
/// Says what `session` is, before anything else is done with it.
void chttp_session_set_context(struct chttp_session *session, void *context);
void chttp_session_free(struct chttp_session *session);
/// Takes bytes from the server: 0, or an error code of nghttp2.
int chttp_session_receive(struct chttp_session *session, const uint8_t *bytes, size_t count);
/// The next bytes for the server, valid until the next call; 0 when there are none, negative for errors.
ptrdiff_t chttp_session_send(struct chttp_session *session, const uint8_t **bytes);
/// Queues a request; the stream's number, or an error code. Copies the headers.
int32_t chttp_session_request(struct chttp_session *session, const nghttp2_nv *headers, size_t count,
                              bool has_body, void *stream);
/// Ends a stream with a code of RFC 9113 and forgets its context.
void chttp_session_reset(struct chttp_session *session, int32_t stream, uint32_t code);
void chttp_session_ping(struct chttp_session *session);
/// Tells the server that the connection will be closed.
void chttp_session_goaway(struct chttp_session *session);
/// How many streams the server allows at once.
uint32_t chttp_session_stream_limit(struct chttp_session *session);
/// True while there is something that the server should get or may send.
bool chttp_session_is_alive(struct chttp_session *session);
const char *chttp_error_text(int code);
const char *chttp_reset_text(uint32_t code);

/// Reads a gzip or zlib body in pieces; NULL when memory is short.
struct chttp_inflater;
struct chttp_inflater *chttp_inflater_make(void);
void chttp_inflater_free(struct chttp_inflater *inflater);
/// Gives the compressed bytes that are read next.
void chttp_inflater_feed(struct chttp_inflater *inflater, const uint8_t *bytes, size_t count);
/// Fills the buffer from them; how many bytes that were, 0 when all is read, -1 when it is no gzip.
ptrdiff_t chttp_inflater_read(struct chttp_inflater *inflater, uint8_t *buffer, size_t capacity);
/// True when the body's end has been read.
bool chttp_inflater_is_complete(const struct chttp_inflater *inflater);

#endif

// Opens libnghttp2 and zlib with dlopen and flattens what their callbacks tell.

#include "CHTTP.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// MARK: Opening

static struct {
  __typeof__(&nghttp2_session_callbacks_new) callbacks_new;
  __typeof__(&nghttp2_session_callbacks_del) callbacks_del;
  __typeof__(&nghttp2_session_callbacks_set_on_header_callback) set_on_header;
  __typeof__(&nghttp2_session_callbacks_set_on_frame_recv_callback) set_on_frame_recv;
  __typeof__(&nghttp2_session_callbacks_set_on_frame_send_callback) set_on_frame_send;
  __typeof__(&nghttp2_session_callbacks_set_on_data_chunk_recv_callback) set_on_data_chunk_recv;
  __typeof__(&nghttp2_session_callbacks_set_on_stream_close_callback) set_on_stream_close;
  __typeof__(&nghttp2_session_client_new) client_new;
  __typeof__(&nghttp2_session_del) del;
  __typeof__(&nghttp2_session_mem_recv) mem_recv;
  __typeof__(&nghttp2_session_mem_send) mem_send;
  __typeof__(&nghttp2_submit_request) submit_request;
  __typeof__(&nghttp2_submit_settings) submit_settings;
  __typeof__(&nghttp2_submit_rst_stream) submit_rst_stream;
  __typeof__(&nghttp2_submit_ping) submit_ping;
  __typeof__(&nghttp2_session_terminate_session) terminate_session;
  __typeof__(&nghttp2_session_set_local_window_size) set_local_window_size;
  __typeof__(&nghttp2_session_get_stream_user_data) get_stream_user_data;
  __typeof__(&nghttp2_session_set_stream_user_data) set_stream_user_data;
  __typeof__(&nghttp2_session_get_remote_settings) get_remote_settings;
  __typeof__(&nghttp2_session_want_read) want_read;
  __typeof__(&nghttp2_session_want_write) want_write;
  __typeof__(&nghttp2_strerror) strerror;
  __typeof__(&nghttp2_http2_strerror) http2_strerror;
} h2;

static struct {
  __typeof__(&inflateInit2_) init;
  __typeof__(&inflate) inflate;
  __typeof__(&inflateEnd) end;
} z;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char problem[512];

static void *open_library(const char *name) {
  void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
  if (!library && !problem[0]) {
    const char *reason = dlerror();
    snprintf(problem, sizeof problem, "%s cannot be opened (%s)", name,
             reason ? reason : "no reason given");
  }
  return library;
}

static void *find(void *library, const char *name) {
  void *symbol = library ? dlsym(library, name) : NULL;
  if (!symbol && !problem[0]) snprintf(problem, sizeof problem, "there is no %s", name);
  return symbol;
}

#define FIND(table, library, field, name) *(void **)&table.field = find(library, name)

static void load(void) {
  void *library = open_library("libnghttp2.so.14");
  FIND(h2, library, callbacks_new, "nghttp2_session_callbacks_new");
  FIND(h2, library, callbacks_del, "nghttp2_session_callbacks_del");
  FIND(h2, library, set_on_header, "nghttp2_session_callbacks_set_on_header_callback");
  FIND(h2, library, set_on_frame_recv, "nghttp2_session_callbacks_set_on_frame_recv_callback");
  FIND(h2, library, set_on_frame_send, "nghttp2_session_callbacks_set_on_frame_send_callback");
  FIND(h2, library, set_on_data_chunk_recv,
       "nghttp2_session_callbacks_set_on_data_chunk_recv_callback");
  FIND(h2, library, set_on_stream_close, "nghttp2_session_callbacks_set_on_stream_close_callback");
  FIND(h2, library, client_new, "nghttp2_session_client_new");
  FIND(h2, library, del, "nghttp2_session_del");
  FIND(h2, library, mem_recv, "nghttp2_session_mem_recv");
  FIND(h2, library, mem_send, "nghttp2_session_mem_send");
  FIND(h2, library, submit_request, "nghttp2_submit_request");
  FIND(h2, library, submit_settings, "nghttp2_submit_settings");
  FIND(h2, library, submit_rst_stream, "nghttp2_submit_rst_stream");
  FIND(h2, library, submit_ping, "nghttp2_submit_ping");
  FIND(h2, library, terminate_session, "nghttp2_session_terminate_session");
  FIND(h2, library, set_local_window_size, "nghttp2_session_set_local_window_size");
  FIND(h2, library, get_stream_user_data, "nghttp2_session_get_stream_user_data");
  FIND(h2, library, set_stream_user_data, "nghttp2_session_set_stream_user_data");
  FIND(h2, library, get_remote_settings, "nghttp2_session_get_remote_settings");
  FIND(h2, library, want_read, "nghttp2_session_want_read");
  FIND(h2, library, want_write, "nghttp2_session_want_write");
  FIND(h2, library, strerror, "nghttp2_strerror");
  FIND(h2, library, http2_strerror, "nghttp2_http2_strerror");
  library = open_library("libz.so.1");
  FIND(z, library, init, "inflateInit2_");
  FIND(z, library, inflate, "inflate");
  FIND(z, library, end, "inflateEnd");
}

const char *chttp_load(void) {
  pthread_once(&once, load);
  return problem[0] ? problem : NULL;
}

// MARK: Sessions

// What nghttp2 hands back with every callback.
struct chttp_session {
  nghttp2_session *h2;
  const struct chttp_events *events;
  void *context;
};

static bool is_answer(const nghttp2_frame *frame) {
  return frame->hd.type == NGHTTP2_HEADERS &&
         (frame->headers.cat == NGHTTP2_HCAT_RESPONSE || frame->headers.cat == NGHTTP2_HCAT_HEADERS);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_count, const uint8_t *value, size_t value_count, uint8_t flags,
                     void *user_data) {
  (void)flags;
  struct chttp_session *self = user_data;
  if (!is_answer(frame)) return 0;
  void *stream = h2.get_stream_user_data(session, frame->hd.stream_id);
  if (!stream) return 0;
  bool goes_on =
      self->events->header(self->context, stream, name, name_count, value, value_count);
  return goes_on ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user_data) {
  struct chttp_session *self = user_data;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      int32_t id = frame->hd.stream_id;
      void *stream = h2.get_stream_user_data(session, id);
      if (!stream) break;
      if (is_answer(frame)) self->events->headers_end(self->context, stream);
      if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        self->events->answer_end(self->context, stream, id);
      }
      break;
    }
    case NGHTTP2_SETTINGS:
      if (!(frame->hd.flags & NGHTTP2_FLAG_ACK)) self->events->settings(self->context);
      break;
    case NGHTTP2_GOAWAY:
      self->events->goaway(self->context, frame->goaway.error_code);
      break;
    default: break;
  }
  return 0;
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user_data) {
  struct chttp_session *self = user_data;
  bool is_end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
  bool is_head = frame->hd.type == NGHTTP2_HEADERS;
  if (!is_head && !(frame->hd.type == NGHTTP2_DATA && is_end)) return 0;
  void *stream = h2.get_stream_user_data(session, frame->hd.stream_id);
  if (stream) self->events->sent(self->context, stream, is_head, is_end);
  return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t count, void *user_data) {
  (void)flags;
  struct chttp_session *self = user_data;
  void *stream = h2.get_stream_user_data(session, id);
  if (!stream || self->events->data(self->context, stream, bytes, count)) return 0;
  h2.submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user_data) {
  struct chttp_session *self = user_data;
  void *stream = h2.get_stream_user_data(session, id);
  if (stream) self->events->closed(self->context, stream, id, code);
  return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t capacity,
                         uint32_t *flags, nghttp2_data_source *source, void *user_data) {
  (void)source;
  struct chttp_session *self = user_data;
  void *stream = h2.get_stream_user_data(session, id);
  // The stream was given up: nothing more of it may be sent, not even as if it were whole.
  if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  size_t count = self->events->body(self->context, stream, buffer, capacity);
  if (count == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)count;
}

// A stream may send this much before it is read; everything is read at once, whoever waits for it.
enum { stream_window = 4 << 20, connection_window = 1 << 30 };

struct chttp_session *chttp_session_make(const struct chttp_events *events) {
  struct chttp_session *self = calloc(1, sizeof *self);
  nghttp2_session_callbacks *callbacks = NULL;
  if (!self || h2.callbacks_new(&callbacks) != 0) {
    free(self);
    return NULL;
  }
  self->events = events;
  h2.set_on_header(callbacks, on_header);
  h2.set_on_frame_recv(callbacks, on_frame_recv);
  h2.set_on_frame_send(callbacks, on_frame_send);
  h2.set_on_data_chunk_recv(callbacks, on_data);
  h2.set_on_stream_close(callbacks, on_close);
  int code = h2.client_new(&self->h2, callbacks, self);
  h2.callbacks_del(callbacks);
  if (code != 0) {
    free(self);
    return NULL;
  }
  nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 1 << 20},
  };
  code = h2.submit_settings(self->h2, NGHTTP2_FLAG_NONE, settings,
                            sizeof settings / sizeof *settings);
  if (code == 0) {
    code = h2.set_local_window_size(self->h2, NGHTTP2_FLAG_NONE, 0, connection_window);
  }
  if (code != 0) {
    chttp_session_free(self);
    return NULL;
  }
  return self;
}

void chttp_session_set_context(struct chttp_session *self, void *context) {
  self->context = context;
}

void chttp_session_free(struct chttp_session *self) {
  h2.del(self->h2);
  free(self);
}

int chttp_session_receive(struct chttp_session *self, const uint8_t *bytes, size_t count) {
  ssize_t code = h2.mem_recv(self->h2, bytes, count);
  return code < 0 ? (int)code : 0;
}

ptrdiff_t chttp_session_send(struct chttp_session *self, const uint8_t **bytes) {
  return h2.mem_send(self->h2, bytes);
}

int32_t chttp_session_request(struct chttp_session *self, const nghttp2_nv *headers, size_t count,
                              bool has_body, void *stream) {
  nghttp2_data_provider body = {.read_callback = read_body};
  return h2.submit_request(self->h2, NULL, headers, count, has_body ? &body : NULL, stream);
}

void chttp_session_reset(struct chttp_session *self, int32_t stream, uint32_t code) {
  (void)h2.set_stream_user_data(self->h2, stream, NULL);
  (void)h2.submit_rst_stream(self->h2, NGHTTP2_FLAG_NONE, stream, code);
}

void chttp_session_ping(struct chttp_session *self) {
  (void)h2.submit_ping(self->h2, NGHTTP2_FLAG_NONE, NULL);
}

void chttp_session_goaway(struct chttp_session *self) {
  (void)h2.terminate_session(self->h2, NGHTTP2_NO_ERROR);
}

uint32_t chttp_session_stream_limit(struct chttp_session *self) {
  return h2.get_remote_settings(self->h2, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool chttp_session_is_alive(struct chttp_session *self) {
  return h2.want_read(self->h2) || h2.want_write(self->h2);
}

const char *chttp_error_text(int code) { return h2.strerror(code); }

const char *chttp_reset_text(uint32_t code) { return h2.http2_strerror(code); }

// MARK: Compression

struct chttp_inflater {
  z_stream stream;
  bool is_complete;
};

struct chttp_inflater *chttp_inflater_make(void) {
  struct chttp_inflater *self = calloc(1, sizeof *self);
  // 32: it finds out itself whether it is gzip or zlib; some servers say one and send the other.
  if (!self || z.init(&self->stream, 15 + 32, ZLIB_VERSION, (int)sizeof(z_stream)) != Z_OK) {
    free(self);
    return NULL;
  }
  return self;
}

void chttp_inflater_free(struct chttp_inflater *self) {
  (void)z.end(&self->stream);
  free(self);
}

void chttp_inflater_feed(struct chttp_inflater *self, const uint8_t *bytes, size_t count) {
  self->stream.next_in = (Bytef *)bytes;
  self->stream.avail_in = (uInt)count;
}

ptrdiff_t chttp_inflater_read(struct chttp_inflater *self, uint8_t *buffer, size_t capacity) {
  if (self->is_complete) return 0;
  self->stream.next_out = buffer;
  self->stream.avail_out = (uInt)capacity;
  int code = z.inflate(&self->stream, Z_NO_FLUSH);
  if (code == Z_STREAM_END) self->is_complete = true;
  // Z_BUF_ERROR: there was nothing left to read.
  if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return -1;
  return (ptrdiff_t)(capacity - self->stream.avail_out);
}

bool chttp_inflater_is_complete(const struct chttp_inflater *self) { return self->is_complete; }

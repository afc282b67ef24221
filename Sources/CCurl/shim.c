// Opens libcurl with dlopen and calls it through a table of functions.

#define _GNU_SOURCE 1
#include "CCurl.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
  __typeof__(&curl_global_init) global_init;
  __typeof__(&curl_easy_init) easy_init;
  __typeof__(&curl_easy_reset) easy_reset;
  __typeof__(&curl_easy_cleanup) easy_cleanup;
  __typeof__(&curl_easy_strerror) easy_strerror;
  __typeof__(&curl_easy_setopt) easy_setopt;
  __typeof__(&curl_easy_getinfo) easy_getinfo;
  __typeof__(&curl_multi_init) multi_init;
  __typeof__(&curl_multi_cleanup) multi_cleanup;
  __typeof__(&curl_multi_setopt) multi_setopt;
  __typeof__(&curl_multi_add_handle) multi_add_handle;
  __typeof__(&curl_multi_remove_handle) multi_remove_handle;
  __typeof__(&curl_multi_perform) multi_perform;
  __typeof__(&curl_multi_poll) multi_poll;
  __typeof__(&curl_multi_wakeup) multi_wakeup;
  __typeof__(&curl_multi_info_read) multi_info_read;
  __typeof__(&curl_slist_append) slist_append;
  __typeof__(&curl_slist_free_all) slist_free_all;
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char problem[512];

static void *find(void *library, const char *name) {
  void *symbol = dlsym(library, name);
  if (!symbol && !problem[0]) {
    snprintf(problem, sizeof problem,
             "libcurl.so.4 lacks %s: libcurl 7.85 or newer is needed (Debian: libcurl4)", name);
  }
  return symbol;
}

static void load(void) {
  // Lazily: of the functions that its three dozen libraries call, a run needs few. A missing one of
  // libcurl's own shows below.
  void *library = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(problem, sizeof problem,
             "libcurl cannot be opened, install the package libcurl4 (%s)",
             reason ? reason : "no reason given");
    return;
  }
  // POSIX lets a data pointer from dlsym be used as a function.
  *(void **)&curl.global_init = find(library, "curl_global_init");
  *(void **)&curl.easy_init = find(library, "curl_easy_init");
  *(void **)&curl.easy_reset = find(library, "curl_easy_reset");
  *(void **)&curl.easy_cleanup = find(library, "curl_easy_cleanup");
  *(void **)&curl.easy_strerror = find(library, "curl_easy_strerror");
  *(void **)&curl.easy_setopt = find(library, "curl_easy_setopt");
  *(void **)&curl.easy_getinfo = find(library, "curl_easy_getinfo");
  *(void **)&curl.multi_init = find(library, "curl_multi_init");
  *(void **)&curl.multi_cleanup = find(library, "curl_multi_cleanup");
  *(void **)&curl.multi_setopt = find(library, "curl_multi_setopt");
  *(void **)&curl.multi_add_handle = find(library, "curl_multi_add_handle");
  *(void **)&curl.multi_remove_handle = find(library, "curl_multi_remove_handle");
  *(void **)&curl.multi_perform = find(library, "curl_multi_perform");
  *(void **)&curl.multi_poll = find(library, "curl_multi_poll");
  *(void **)&curl.multi_wakeup = find(library, "curl_multi_wakeup");
  *(void **)&curl.multi_info_read = find(library, "curl_multi_info_read");
  *(void **)&curl.slist_append = find(library, "curl_slist_append");
  *(void **)&curl.slist_free_all = find(library, "curl_slist_free_all");
  if (problem[0]) return;
  CURLcode code = curl.global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) {
    snprintf(problem, sizeof problem, "libcurl cannot start: %s", curl.easy_strerror(code));
  }
}

const char *ccurl_load(void) {
  pthread_once(&once, load);
  return problem[0] ? problem : NULL;
}

CURL *ccurl_easy_init(void) { return curl.easy_init(); }

void ccurl_easy_reset(CURL *easy) { curl.easy_reset(easy); }

void ccurl_easy_cleanup(CURL *easy) { curl.easy_cleanup(easy); }

const char *ccurl_easy_strerror(CURLcode code) { return curl.easy_strerror(code); }

CURLcode ccurl_easy_set_long(CURL *easy, CURLoption option, long value) {
  return curl.easy_setopt(easy, option, value);
}

CURLcode ccurl_easy_set_large(CURL *easy, CURLoption option, curl_off_t value) {
  return curl.easy_setopt(easy, option, value);
}

CURLcode ccurl_easy_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl.easy_setopt(easy, option, value);
}

CURLcode ccurl_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl.easy_setopt(easy, option, value);
}

CURLcode ccurl_easy_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count) {
  struct curl_blob blob = {.data = (void *)bytes, .len = count, .flags = CURL_BLOB_COPY};
  return curl.easy_setopt(easy, option, &blob);
}

CURLcode ccurl_easy_set_list(CURL *easy, CURLoption option, struct curl_slist *list) {
  return curl.easy_setopt(easy, option, list);
}

CURLcode ccurl_easy_set_data_callback(CURL *easy, CURLoption option, curl_write_callback callback) {
  return curl.easy_setopt(easy, option, callback);
}

CURLcode ccurl_easy_set_seek_callback(CURL *easy, curl_seek_callback callback) {
  return curl.easy_setopt(easy, CURLOPT_SEEKFUNCTION, callback);
}

struct ccurl_sockets *ccurl_sockets_make(void) { return calloc(1, sizeof(struct ccurl_sockets)); }

void ccurl_sockets_free(struct ccurl_sockets *sockets) {
  free(sockets->items);
  free(sockets);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
  (void)purpose;
  struct ccurl_sockets *sockets = context;
  if (sockets->count == sockets->capacity) {
    size_t capacity = sockets->capacity ? 2 * sockets->capacity : 16;
    curl_socket_t *items = realloc(sockets->items, capacity * sizeof *items);
    if (!items) return CURL_SOCKET_BAD;
    sockets->items = items;
    sockets->capacity = capacity;
  }
  int type = address->socktype;
#ifdef SOCK_CLOEXEC
  // At once: a program that another thread starts in between would inherit it.
  type |= SOCK_CLOEXEC;
#endif
  curl_socket_t opened = socket(address->family, type, address->protocol);
  if (opened != CURL_SOCKET_BAD) sockets->items[sockets->count++] = opened;
  return opened;
}

static int close_socket(void *context, curl_socket_t closing) {
  struct ccurl_sockets *sockets = context;
  for (size_t index = 0; index < sockets->count; index++) {
    if (sockets->items[index] != closing) continue;
    sockets->items[index] = sockets->items[--sockets->count];
    break;
  }
  return close(closing);
}

static int set_socket_options(void *context, curl_socket_t socket, curlsocktype purpose) {
  (void)context;
  (void)purpose;
  int on = 1, idle = 20, interval = 10, count = 3;
  unsigned int patience = 30000;
  // Each is a help only: a kernel without one of them still carries the connection.
  (void)fcntl(socket, F_SETFD, FD_CLOEXEC);
  (void)setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  (void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  (void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  (void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
  (void)setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
  return CURL_SOCKOPT_OK;
}

CURLcode ccurl_easy_set_sockets(CURL *easy, struct ccurl_sockets *sockets) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_socket_options);
  if (!code) code = curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  if (!code) code = curl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, sockets);
  if (!code) code = curl.easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
  if (!code) code = curl.easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, sockets);
  return code;
}

CURLcode ccurl_easy_set_request_callback(CURL *easy, curl_prereq_callback callback) {
  return curl.easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
}

CURLcode ccurl_easy_get_long(CURL *easy, CURLINFO info, long *value) {
  return curl.easy_getinfo(easy, info, value);
}

CURLcode ccurl_easy_get_large(CURL *easy, CURLINFO info, curl_off_t *value) {
  return curl.easy_getinfo(easy, info, value);
}

const char *ccurl_easy_get_string(CURL *easy, CURLINFO info) {
  char *value = NULL;
  return curl.easy_getinfo(easy, info, &value) == CURLE_OK ? value : NULL;
}

CURLM *ccurl_multi_init(void) { return curl.multi_init(); }

CURLMcode ccurl_multi_cleanup(CURLM *multi) { return curl.multi_cleanup(multi); }

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl.multi_setopt(multi, option, value);
}

CURLMcode ccurl_multi_add(CURLM *multi, CURL *easy) { return curl.multi_add_handle(multi, easy); }

CURLMcode ccurl_multi_remove(CURLM *multi, CURL *easy) {
  return curl.multi_remove_handle(multi, easy);
}

CURLMcode ccurl_multi_perform(CURLM *multi) {
  int running = 0;
  return curl.multi_perform(multi, &running);
}

CURLMcode ccurl_multi_poll(CURLM *multi, int timeout_ms) {
  return curl.multi_poll(multi, NULL, 0, timeout_ms, NULL);
}

CURLMcode ccurl_multi_wakeup(CURLM *multi) { return curl.multi_wakeup(multi); }

bool ccurl_multi_next_done(CURLM *multi, CURL **easy, CURLcode *result) {
  int left = 0;
  CURLMsg *message;
  while ((message = curl.multi_info_read(multi, &left))) {
    if (message->msg != CURLMSG_DONE) continue;
    *easy = message->easy_handle;
    *result = message->data.result;
    return true;
  }
  return false;
}

struct curl_slist *ccurl_list_append(struct curl_slist *list, const char *text) {
  return curl.slist_append(list, text);
}

void ccurl_list_free(struct curl_slist *list) { curl.slist_free_all(list); }

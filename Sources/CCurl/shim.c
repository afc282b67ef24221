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
  __typeof__(&curl_easy_cleanup) easy_cleanup;
  __typeof__(&curl_easy_strerror) easy_strerror;
  __typeof__(&curl_easy_setopt) easy_setopt;
  __typeof__(&curl_easy_getinfo) easy_getinfo;
  __typeof__(&curl_easy_send) easy_send;
  __typeof__(&curl_easy_recv) easy_recv;
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
  // OpenSSL's; NULL where libcurl uses another library.
  void (*get0_alpn_selected)(const void *ssl, const unsigned char **name, unsigned int *count);
  void (*set_read_ahead)(void *ssl, int yes);
  int (*has_pending)(const void *ssl);
  int (*set_alpn_protos)(void *context, const unsigned char *names, unsigned int count);
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
  *(void **)&curl.easy_cleanup = find(library, "curl_easy_cleanup");
  *(void **)&curl.easy_strerror = find(library, "curl_easy_strerror");
  *(void **)&curl.easy_setopt = find(library, "curl_easy_setopt");
  *(void **)&curl.easy_getinfo = find(library, "curl_easy_getinfo");
  *(void **)&curl.easy_send = find(library, "curl_easy_send");
  *(void **)&curl.easy_recv = find(library, "curl_easy_recv");
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
  // dlsym looks into what the library depends on, too.
  *(void **)&curl.get0_alpn_selected = dlsym(library, "SSL_get0_alpn_selected");
  *(void **)&curl.set_read_ahead = dlsym(library, "SSL_set_read_ahead");
  *(void **)&curl.has_pending = dlsym(library, "SSL_has_pending");
  *(void **)&curl.set_alpn_protos = dlsym(library, "SSL_CTX_set_alpn_protos");
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

static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
  (void)context;
  (void)purpose;
  int type = address->socktype;
#ifdef SOCK_CLOEXEC
  // At once: a program that another thread starts in between would inherit it.
  type |= SOCK_CLOEXEC;
#endif
  return socket(address->family, type, address->protocol);
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

CURLcode ccurl_easy_set_sockets(CURL *easy) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_socket_options);
  if (!code) code = curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  return code;
}

// Called before each handshake, with an SSL_CTX. With an encrypted proxy the first is the proxy's.
static CURLcode offer_http2(CURL *easy, void *ssl_context, void *is_for_proxy) {
  static const unsigned char names[] = "\x02h2\x08http/1.1";
  if (is_for_proxy) {
    (void)curl.easy_setopt(easy, CURLOPT_SSL_CTX_DATA, NULL);
    return CURLE_OK;
  }
  // Zero means success here. Without the offer the server chooses HTTP/1.1.
  (void)curl.set_alpn_protos(ssl_context, names, sizeof names - 1);
  return CURLE_OK;
}

void ccurl_easy_offer_http2(CURL *easy, int proxies) {
  if (!curl.set_alpn_protos || !curl.get0_alpn_selected) return;
  if (curl.easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, offer_http2) != CURLE_OK) return;
  (void)curl.easy_setopt(easy, CURLOPT_SSL_CTX_DATA, proxies > 0 ? easy : NULL);
  (void)curl.easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
}

// The connection's SSL structure; NULL without one of OpenSSL's.
static void *ssl_of(CURL *easy) {
  struct curl_tlssessioninfo *info = NULL;
  if (curl.easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info) return NULL;
  return info->backend == CURLSSLBACKEND_OPENSSL ? info->internals : NULL;
}

bool ccurl_easy_speaks_http2(CURL *easy) {
  void *ssl = ssl_of(easy);
  if (!ssl || !curl.get0_alpn_selected) return false;
  const unsigned char *name = NULL;
  unsigned int count = 0;
  curl.get0_alpn_selected(ssl, &name, &count);
  return count == 2 && name[0] == 'h' && name[1] == '2';
}

void ccurl_easy_read_ahead(CURL *easy) {
  void *ssl = ssl_of(easy);
  if (ssl && curl.set_read_ahead) curl.set_read_ahead(ssl, 1);
}

bool ccurl_easy_has_pending(CURL *easy) {
  void *ssl = ssl_of(easy);
  return !ssl || !curl.has_pending || curl.has_pending(ssl);
}

curl_socket_t ccurl_easy_socket(CURL *easy) {
  curl_socket_t found = CURL_SOCKET_BAD;
  return curl.easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &found) == CURLE_OK ? found
                                                                           : CURL_SOCKET_BAD;
}

CURLcode ccurl_easy_send(CURL *easy, const void *bytes, size_t count, size_t *sent) {
  return curl.easy_send(easy, bytes, count, sent);
}

CURLcode ccurl_easy_receive(CURL *easy, void *buffer, size_t capacity, size_t *received) {
  return curl.easy_recv(easy, buffer, capacity, received);
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

CURLMcode ccurl_multi_poll(CURLM *multi, struct curl_waitfd *others, unsigned int count,
                           int timeout_ms) {
  return curl.multi_poll(multi, others, count, timeout_ms, NULL);
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

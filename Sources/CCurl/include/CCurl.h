// libcurl for Swift: the types come from its headers, the library itself is opened on first use.
//
// Linking libcurl costs every start of the program 7 to 8 ms (38 shared objects, 11 000
// relocations), and most starts never call a cluster. Swift cannot call variadic functions either,
// so each kind of option has its own setter here.
#ifndef CCURL_H
#define CCURL_H

#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/// Opens the library and initialises it, once; NULL when it is ready, else why it is not.
/// Thread-safe. Nothing below may be called before it has returned NULL.
const char *ccurl_load(void);

CURL *ccurl_easy_init(void);
void ccurl_easy_cleanup(CURL *easy);
const char *ccurl_easy_strerror(CURLcode code);
CURLcode ccurl_easy_set_long(CURL *easy, CURLoption option, long value);
CURLcode ccurl_easy_set_large(CURL *easy, CURLoption option, curl_off_t value);
CURLcode ccurl_easy_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode ccurl_easy_set_pointer(CURL *easy, CURLoption option, void *value);
/// Hands over a copy of the bytes.
CURLcode ccurl_easy_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count);
CURLcode ccurl_easy_set_list(CURL *easy, CURLoption option, struct curl_slist *list);
CURLcode ccurl_easy_set_data_callback(CURL *easy, CURLoption option, curl_write_callback callback);
CURLcode ccurl_easy_set_seek_callback(CURL *easy, curl_seek_callback callback);
/// Makes the handle open its sockets so that child processes do not get them and dead peers are
/// noticed (keep-alive probes after 20 s, TCP_USER_TIMEOUT 30 s).
CURLcode ccurl_easy_set_sockets(CURL *easy);
/// The callback hears of each request just before it is sent, and over which connection.
CURLcode ccurl_easy_set_request_callback(CURL *easy, curl_prereq_callback callback);
CURLcode ccurl_easy_get_long(CURL *easy, CURLINFO info, long *value);
CURLcode ccurl_easy_get_large(CURL *easy, CURLINFO info, curl_off_t *value);
/// NULL when there is none; valid until the handle is used again.
const char *ccurl_easy_get_string(CURL *easy, CURLINFO info);
/// For CURLOPT_CONNECT_ONLY: offers HTTP/2 to the server in the TLS handshake, before HTTP/1.1. libcurl's own
/// offer would make it begin with HTTP/2 itself. `proxies` is how many handshakes, 0 or 1, come before that
/// with the server. Does nothing where libcurl's TLS library is not OpenSSL.
void ccurl_easy_offer_http2(CURL *easy, int proxies);
/// After CURLOPT_CONNECT_ONLY and a first read: true when both sides agreed on HTTP/2.
bool ccurl_easy_speaks_http2(CURL *easy);
/// Lets OpenSSL take several small TLS records from the socket at once; the bytes then have to be read until
/// there are none.
void ccurl_easy_read_ahead(CURL *easy);
/// False when OpenSSL holds no bytes that were not read yet: what else there is waits in the socket.
bool ccurl_easy_has_pending(CURL *easy);
/// After CURLOPT_CONNECT_ONLY: the connection's socket, -1 when there is none.
curl_socket_t ccurl_easy_socket(CURL *easy);
CURLcode ccurl_easy_send(CURL *easy, const void *bytes, size_t count, size_t *sent);
CURLcode ccurl_easy_receive(CURL *easy, void *buffer, size_t capacity, size_t *received);

CURLM *ccurl_multi_init(void);
CURLMcode ccurl_multi_cleanup(CURLM *multi);
CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);
CURLMcode ccurl_multi_add(CURLM *multi, CURL *easy);
CURLMcode ccurl_multi_remove(CURLM *multi, CURL *easy);
CURLMcode ccurl_multi_perform(CURLM *multi);
/// Waits for libcurl's own sockets, the wake-up, and those given.
CURLMcode ccurl_multi_poll(CURLM *multi, struct curl_waitfd *others, unsigned int count,
                           int timeout_ms);
CURLMcode ccurl_multi_wakeup(CURLM *multi);
/// Takes one finished transfer off the list; false when there is none.
bool ccurl_multi_next_done(CURLM *multi, CURL **easy, CURLcode *result);

/// Appends a copy of the text; NULL when memory is short, the list is unchanged then.
struct curl_slist *ccurl_list_append(struct curl_slist *list, const char *text);
void ccurl_list_free(struct curl_slist *list);

#endif

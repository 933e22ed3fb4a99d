#ifndef IMAGEWIRE_CCURL_H
#define IMAGEWIRE_CCURL_H

// libcurl, opened with the first request instead of linked: its thirty libraries take 10 ms and 10 MB at every start, and
// most processes answer their first call without one. The system's headers check types and constants at build time; the
// functions are looked up at run time. With IMAGEWIRE_LINKED the library is in the program instead: see .ci/libraries.
//
// Swift cannot call variadic functions, so each kind of option has a wrapper. No other function may be called before
// `ccurl_open` has succeeded.

#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if LIBCURL_VERSION_NUM < 0x075000
#error "imagewire needs the headers of libcurl 7.80 or later (CURLOPT_PREREQFUNCTION)"
#endif

/// Macros and constants in a form that Swift can read.
enum { CCURL_AUTH_BASIC = CURLAUTH_BASIC, CCURL_TLS_1_2 = CURL_SSLVERSION_TLSv1_2 };

#pragma clang assume_nonnull begin

/// Opens and initialises libcurl, once for the process. Any thread may call it, any number of times. `SIGPIPE` is ignored
/// from then on. Returns NULL, or one sentence for people with the missing package.
const char *_Nullable ccurl_open(void);

/// The version of the opened library, for people.
const char *ccurl_version(void);

/// The file and the directory of certificates that libcurl trusts by default; NULL where it has none.
const char *_Nullable ccurl_certificate_file(void);
const char *_Nullable ccurl_certificate_folder(void);

/// Whether this program brings certificates of its own, for a system that has none.
bool ccurl_has_own_certificates(void);

// One transfer.
CURL *_Nullable ccurl_easy_init(void);
void ccurl_easy_cleanup(CURL *easy);
const char *ccurl_easy_strerror(CURLcode code);
CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value);
CURLcode ccurl_set_size(CURL *easy, CURLoption option, int64_t value);
/// The string is copied by libcurl; NULL takes a default back.
CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *_Nullable value);
/// The list must live as long as the transfer.
CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *_Nullable list);
/// Trusts the program's own certificates, and no others.
CURLcode ccurl_set_own_certificates(CURL *easy);
/// The buffer must hold CURL_ERROR_SIZE bytes and live as long as the transfer.
CURLcode ccurl_set_error_buffer(CURL *easy, char *buffer);
/// Makes the transfer a POST of these bytes, which libcurl copies.
CURLcode ccurl_set_body(CURL *easy, const uint8_t *_Nullable bytes, size_t count);
/// Makes the transfer a PUT of that many bytes, read in pieces; the context must live as long as the transfer.
CURLcode ccurl_set_upload(CURL *easy, void *context, curl_read_callback read, curl_seek_callback seek, int64_t count);
/// Allows only http and https, with the option that this version of libcurl has for it.
CURLcode ccurl_set_web_only(CURL *easy);
/// Sets all callbacks, each with the same context, which must live as long as the transfer.
CURLcode ccurl_set_callbacks(CURL *easy, void *context, curl_write_callback header, curl_write_callback body,
                             curl_prereq_callback prereq, curl_opensocket_callback open_socket);
long ccurl_get_long(CURL *easy, CURLINFO info);
/// Resumes a transfer after its body callback returned `CURL_WRITEFUNC_PAUSE`.
CURLcode ccurl_go_on(CURL *easy);

// The address of a new connection.
/// Copies the address, 4 or 16 bytes in network order, and returns how many; 0 for any other family.
size_t ccurl_address_bytes(const struct curl_sockaddr *address, uint8_t bytes[_Nonnull 16]);
/// A socket for that address. Child processes do not inherit it.
curl_socket_t ccurl_open_socket(const struct curl_sockaddr *address);

// Many transfers.
CURLM *_Nullable ccurl_multi_init(void);
void ccurl_multi_cleanup(CURLM *multi);
CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);
CURLMcode ccurl_multi_add(CURLM *multi, CURL *easy);
CURLMcode ccurl_multi_remove(CURLM *multi, CURL *easy);
CURLMcode ccurl_multi_perform(CURLM *multi);
CURLMcode ccurl_multi_poll(CURLM *multi, int milliseconds);
/// May be called by any thread.
CURLMcode ccurl_multi_wakeup(CURLM *multi);
/// A transfer that has ended, with its result; NULL where there is none left.
CURL *_Nullable ccurl_multi_ended(CURLM *multi, CURLcode *result);

// Lists, addresses, dates.
/// NULL when out of memory; the old list is then still valid.
struct curl_slist *_Nullable ccurl_list_append(struct curl_slist *_Nullable list, const char *text);
void ccurl_list_free(struct curl_slist *_Nullable list);
CURLU *_Nullable ccurl_url_init(void);
void ccurl_url_cleanup(CURLU *url);
CURLUcode ccurl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags);
/// The text is freed with `ccurl_free`.
CURLUcode ccurl_url_get(CURLU *url, CURLUPart part, char *_Nullable *_Nonnull text, unsigned int flags);
void ccurl_free(void *_Nullable memory);
/// Seconds since 1970 of a date in any of HTTP's three formats; -1 where it is none.
int64_t ccurl_date(const char *text);

#pragma clang assume_nonnull end
#endif

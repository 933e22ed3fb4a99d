#define _GNU_SOURCE 1
#include "CCurl.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/// The functions used: the member that holds each, and its name.
#define FUNCTIONS(EACH) \
  EACH(global_init, curl_global_init) \
  EACH(version_info, curl_version_info) \
  EACH(easy_init, curl_easy_init) \
  EACH(easy_cleanup, curl_easy_cleanup) \
  EACH(easy_setopt, curl_easy_setopt) \
  EACH(easy_getinfo, curl_easy_getinfo) \
  EACH(easy_strerror, curl_easy_strerror) \
  EACH(easy_pause, curl_easy_pause) \
  EACH(multi_init, curl_multi_init) \
  EACH(multi_cleanup, curl_multi_cleanup) \
  EACH(multi_setopt, curl_multi_setopt) \
  EACH(multi_add_handle, curl_multi_add_handle) \
  EACH(multi_remove_handle, curl_multi_remove_handle) \
  EACH(multi_perform, curl_multi_perform) \
  EACH(multi_poll, curl_multi_poll) \
  EACH(multi_wakeup, curl_multi_wakeup) \
  EACH(multi_info_read, curl_multi_info_read) \
  EACH(slist_append, curl_slist_append) \
  EACH(slist_free_all, curl_slist_free_all) \
  EACH(url, curl_url) \
  EACH(url_cleanup, curl_url_cleanup) \
  EACH(url_set, curl_url_set) \
  EACH(url_get, curl_url_get) \
  EACH(free, curl_free) \
  EACH(getdate, curl_getdate)

/// With their types from the headers.
static struct {
#define MEMBER(member, name) __typeof__(&name) member;
  FUNCTIONS(MEMBER)
#undef MEMBER
} curl;

static const char *version = "";
static const char *certificate_file = NULL;
static const char *certificate_folder = NULL;
static unsigned int version_number = 0;

#if defined(__APPLE__)
// By its path: a name alone is searched in the working directory and in directories that variables name.
static const char *const names[] = {"/usr/lib/libcurl.4.dylib"};
#define HOW_TO_INSTALL "it is part of macOS; reinstall the system's libcurl.4.dylib"
#else
// Debian and Ubuntu also build it against GnuTLS; either one is sufficient.
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
#define HOW_TO_INSTALL "install the package libcurl4 (Debian, Ubuntu), libcurl (Fedora, Alpine) or curl (Arch)"
#endif

#if defined(IMAGEWIRE_LINKED)

/// Where systems keep the certificates that they trust: Debian, Fedora, openSUSE, Alpine.
static const char *const certificate_files[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                                "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

/// Where some have a folder of them instead, named by their hashes.
static const char *const certificate_folder_of_systems = "/etc/ssl/certs";

static bool is_filled(const char *file) {
  struct stat status;
  return access(file, R_OK) == 0 && stat(file, &status) == 0 && status.st_size > 0;
}

/// Mozilla's list, for a system that has none.
static const uint8_t own_certificates[] = {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
#embed IMAGEWIRE_CERTIFICATES
#pragma clang diagnostic pop
};

/// The library is in this program.
static const char *find_functions(void) {
#define FIND(member, name) curl.member = &name;
  FUNCTIONS(FIND)
#undef FIND
  return NULL;
}

static void find_certificates(const curl_version_info_data *info) {
  (void)info;
  for (size_t i = 0; !certificate_file && i < sizeof certificate_files / sizeof *certificate_files; i++) {
    if (is_filled(certificate_files[i])) certificate_file = certificate_files[i];
  }
  if (!certificate_file) certificate_folder = certificate_folder_of_systems;
}

CURLcode ccurl_set_own_certificates(CURL *easy) {
  struct curl_blob blob = {(void *)own_certificates, sizeof own_certificates, CURL_BLOB_NOCOPY};
  CURLcode code = curl.easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
  return code == CURLE_OK ? curl.easy_setopt(easy, CURLOPT_PROXY_CAINFO_BLOB, &blob) : code;
}

bool ccurl_has_own_certificates(void) { return true; }

#else

CURLcode ccurl_set_own_certificates(CURL *easy) {
  (void)easy;
  return CURLE_NOT_BUILT_IN;
}

bool ccurl_has_own_certificates(void) { return false; }

static void find_certificates(const curl_version_info_data *info) {
  certificate_file = info->cainfo;
  certificate_folder = info->capath;
}

/// Opens the system's library. Returns NULL, or why not.
static const char *find_functions(void) {
  static char message[256];
  void *library = NULL;
  for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (!library) {
    snprintf(message, sizeof message, "libcurl is missing (%s): " HOW_TO_INSTALL ".", names[0]);
    return message;
  }
  const char *absent = NULL;
#define FIND(member, name) \
  if (!(curl.member = (__typeof__(curl.member))dlsym(library, #name))) absent = #name;
  FUNCTIONS(FIND)
#undef FIND
  if (absent) {
    snprintf(message, sizeof message, "libcurl is too old: it has no %s; 7.80 or later is needed.", absent);
    dlclose(library);
    return message;
  }
  // Without CURLOPT_PREREQFUNCTION a paid request could be sent twice.
  curl_version_info_data *info = curl.version_info(CURLVERSION_NOW);
  if (info->version_num < 0x075000) {
    snprintf(message, sizeof message, "libcurl %s is too old; 7.80 or later is needed.", info->version);
    dlclose(library);
    return message;
  }
  return NULL;
}

#endif

static const char *open_library(void) {
  static char message[256];
  const char *failure = find_functions();
  if (failure) return failure;
  // When libcurl closes connections, it ignores SIGPIPE for a moment and then restores the earlier action. If that were the
  // default one, it could replace an action set by another thread meanwhile, and a closed pipe would end the process.
  signal(SIGPIPE, SIG_IGN);
  CURLcode code = curl.global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) {
    snprintf(message, sizeof message, "libcurl could not be initialised: %s.", curl.easy_strerror(code));
    return message;
  }
  const curl_version_info_data *info = curl.version_info(CURLVERSION_NOW);
  version = info->version;
  version_number = info->version_num;
  find_certificates(info);
  return NULL;
}

const char *ccurl_open(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static bool opened = false;
  static const char *failure = NULL;
  pthread_mutex_lock(&lock);
  if (!opened) {
    failure = open_library();
    // A missing library may be installed while the process runs.
    opened = failure == NULL;
  }
  const char *result = failure;
  pthread_mutex_unlock(&lock);
  return result;
}

const char *ccurl_version(void) { return version; }
const char *ccurl_certificate_file(void) { return certificate_file; }
const char *ccurl_certificate_folder(void) { return certificate_folder; }

CURL *ccurl_easy_init(void) { return curl.easy_init(); }
void ccurl_easy_cleanup(CURL *easy) { curl.easy_cleanup(easy); }
const char *ccurl_easy_strerror(CURLcode code) { return curl.easy_strerror(code); }
CURLcode ccurl_go_on(CURL *easy) { return curl.easy_pause(easy, CURLPAUSE_CONT); }

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) { return curl.easy_setopt(easy, option, value); }

CURLcode ccurl_set_size(CURL *easy, CURLoption option, int64_t value) {
  return curl.easy_setopt(easy, option, (curl_off_t)value);
}

CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl.easy_setopt(easy, option, value);
}

CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *list) {
  return curl.easy_setopt(easy, option, list);
}

CURLcode ccurl_set_error_buffer(CURL *easy, char *buffer) {
  return curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, buffer);
}

CURLcode ccurl_set_body(CURL *easy, const uint8_t *bytes, size_t count) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_POST, 1L);
  // The size first: COPYPOSTFIELDS copies that many bytes, or as many as strlen says.
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes ? (const char *)bytes : "");
  return code;
}

CURLcode ccurl_set_upload(CURL *easy, void *context, curl_read_callback read, curl_seek_callback seek, int64_t count) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)count);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_READFUNCTION, read);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_READDATA, context);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_SEEKDATA, context);
  return code;
}

CURLcode ccurl_set_web_only(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
  if (version_number >= 0x075500) {
    CURLcode code = curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    return code;
  }
#endif
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  CURLcode code = curl.easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  if (code == CURLE_OK) {
    code = curl.easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  }
#pragma clang diagnostic pop
  return code;
}

CURLcode ccurl_set_callbacks(CURL *easy, void *context, curl_write_callback header, curl_write_callback body,
                             curl_prereq_callback prereq, curl_opensocket_callback open_socket) {
  CURLcode code = curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, header);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_HEADERDATA, context);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, body);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_WRITEDATA, context);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_PREREQFUNCTION, prereq);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_PREREQDATA, context);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  if (code == CURLE_OK) code = curl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
  return code;
}

long ccurl_get_long(CURL *easy, CURLINFO info) {
  long value = 0;
  return curl.easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

size_t ccurl_address_bytes(const struct curl_sockaddr *address, uint8_t bytes[16]) {
  // `addr` is declared as the smallest kind of address; libcurl reserves memory behind it for the others.
  if (address->family == AF_INET && address->addrlen >= sizeof(struct sockaddr_in)) {
    memcpy(bytes, (const char *)&address->addr + offsetof(struct sockaddr_in, sin_addr), 4);
    return 4;
  }
  if (address->family == AF_INET6 && address->addrlen >= sizeof(struct sockaddr_in6)) {
    memcpy(bytes, (const char *)&address->addr + offsetof(struct sockaddr_in6, sin6_addr), 16);
    return 16;
  }
  return 0;
}

curl_socket_t ccurl_open_socket(const struct curl_sockaddr *address) {
#ifdef SOCK_CLOEXEC
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
  curl_socket_t descriptor = socket(address->family, address->socktype, address->protocol);
  if (descriptor >= 0) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return descriptor;
#endif
}

CURLM *ccurl_multi_init(void) { return curl.multi_init(); }
void ccurl_multi_cleanup(CURLM *multi) { curl.multi_cleanup(multi); }

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl.multi_setopt(multi, option, value);
}

CURLMcode ccurl_multi_add(CURLM *multi, CURL *easy) { return curl.multi_add_handle(multi, easy); }
CURLMcode ccurl_multi_remove(CURLM *multi, CURL *easy) { return curl.multi_remove_handle(multi, easy); }

CURLMcode ccurl_multi_perform(CURLM *multi) {
  int running = 0;
  return curl.multi_perform(multi, &running);
}

CURLMcode ccurl_multi_poll(CURLM *multi, int milliseconds) {
  return curl.multi_poll(multi, NULL, 0, milliseconds, NULL);
}

CURLMcode ccurl_multi_wakeup(CURLM *multi) { return curl.multi_wakeup(multi); }

CURL *ccurl_multi_ended(CURLM *multi, CURLcode *result) {
  int left = 0;
  for (CURLMsg *message; (message = curl.multi_info_read(multi, &left));) {
    if (message->msg == CURLMSG_DONE) {
      *result = message->data.result;
      return message->easy_handle;
    }
  }
  return NULL;
}

struct curl_slist *ccurl_list_append(struct curl_slist *list, const char *text) {
  return curl.slist_append(list, text);
}

void ccurl_list_free(struct curl_slist *list) { curl.slist_free_all(list); }
CURLU *ccurl_url_init(void) { return curl.url(); }
void ccurl_url_cleanup(CURLU *url) { curl.url_cleanup(url); }

CURLUcode ccurl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags) {
  return curl.url_set(url, part, text, flags);
}

CURLUcode ccurl_url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags) {
  return curl.url_get(url, part, text, flags);
}

void ccurl_free(void *memory) { curl.free(memory); }
int64_t ccurl_date(const char *text) { return (int64_t)curl.getdate(text, NULL); }

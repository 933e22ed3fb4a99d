#define _GNU_SOURCE 1
#include "CPostgreSQL.h"

#include "CShims.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// As in libpq-fe.h.
typedef struct {
  char *relname;
  int be_pid;
  char *extra;
} notification;

/// The functions used: the member that holds each, its result and its parameters.
#define FUNCTIONS(EACH) \
  EACH(pg_connection *, connectStartParams, (const char *const *, const char *const *, int)) \
  EACH(int, connectPoll, (pg_connection *)) \
  EACH(void, finish, (pg_connection *)) \
  EACH(int, status, (const pg_connection *)) \
  EACH(int, transactionStatus, (const pg_connection *)) \
  EACH(int, socket, (const pg_connection *)) \
  EACH(int, backendPID, (const pg_connection *)) \
  EACH(int, serverVersion, (const pg_connection *)) \
  EACH(char *, errorMessage, (const pg_connection *)) \
  EACH(char *, host, (const pg_connection *)) \
  EACH(char *, db, (const pg_connection *)) \
  EACH(int, setnonblocking, (pg_connection *, int)) \
  EACH(int, sendQuery, (pg_connection *, const char *)) \
  EACH(int, sendQueryParams, \
       (pg_connection *, const char *, int, const unsigned *, const char *const *, const int *, const int *, int)) \
  EACH(int, flush, (pg_connection *)) \
  EACH(int, consumeInput, (pg_connection *)) \
  EACH(int, isBusy, (pg_connection *)) \
  EACH(pg_result *, getResult, (pg_connection *)) \
  EACH(notification *, notifies, (pg_connection *)) \
  EACH(int, resultStatus, (const pg_result *)) \
  EACH(char *, resultErrorMessage, (const pg_result *)) \
  EACH(char *, resultErrorField, (const pg_result *, int)) \
  EACH(int, ntuples, (const pg_result *)) \
  EACH(char *, cmdTuples, (pg_result *)) \
  EACH(int, getisnull, (const pg_result *, int, int)) \
  EACH(char *, getvalue, (const pg_result *, int, int)) \
  EACH(int, getlength, (const pg_result *, int, int)) \
  EACH(void, clear, (pg_result *)) \
  EACH(void, freemem, (void *)) \
  EACH(void *, conninfoParse, (const char *, char **)) \
  EACH(void, conninfoFree, (void *)) \
  EACH(char *, cmdStatus, (pg_result *)) \
  EACH(void *, setNoticeReceiver, (pg_connection *, void (*)(void *, const pg_result *), void *))

/// Those of version 14, without which each statement waits for its answer.
#define PIPELINE_FUNCTIONS(EACH) \
  EACH(int, enterPipelineMode, (pg_connection *)) \
  EACH(int, exitPipelineMode, (pg_connection *)) \
  EACH(int, pipelineSync, (pg_connection *)) \
  EACH(int, sendPrepare, (pg_connection *, const char *, const char *, int, const unsigned *)) \
  EACH(int, sendQueryPrepared, \
       (pg_connection *, const char *, int, const char *const *, const int *, const int *, int))

static struct {
#define MEMBER(result, name, parameters) result(*name) parameters;
  FUNCTIONS(MEMBER)
  PIPELINE_FUNCTIONS(MEMBER)
#undef MEMBER
} pq;

static bool can_pipeline = false;

static const char *problem = NULL;

#if defined(__APPLE__)
static const char *const names[] = {"/opt/homebrew/opt/libpq/lib/libpq.5.dylib", "/usr/local/opt/libpq/lib/libpq.5.dylib"};
#define HOW_TO_INSTALL "install it with: brew install libpq"
#else
static const char *const names[] = {"libpq.so.5"};
#define HOW_TO_INSTALL "install the package libpq5 (Debian, Ubuntu), libpq (Fedora, Alpine) or postgresql-libs (Arch)"
#endif

static void open_library(void) {
  if (cshims_holds_glibc()) {
    problem = "this variant of imagewire has glibc inside and can open no library; use the ordinary one for PostgreSQL";
    return;
  }
  void *library = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    problem = "the library libpq is not installed; " HOW_TO_INSTALL;
    return;
  }
#define SYMBOL(result, name, parameters) "PQ" #name,
  const char *const needed[] = {FUNCTIONS(SYMBOL)};
  const char *const wished[] = {PIPELINE_FUNCTIONS(SYMBOL)};
#undef SYMBOL
  void **member = (void **)&pq;
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
    *member = dlsym(library, needed[i]);
    if (!*member++) problem = "the system's libpq is too old: version 10 or newer is needed";
  }
  can_pipeline = true;
  for (size_t i = 0; i < sizeof wished / sizeof *wished; i++) {
    *member = dlsym(library, wished[i]);
    if (!*member++) can_pipeline = false;
  }
}

const char *pg_open(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_library);
  return problem;
}

bool pg_can_parse(const char *address) {
  char *message = NULL;
  void *options = pq.conninfoParse(address, &message);
  // The message may repeat the address, and with it a password.
  if (message) pq.freemem(message);
  if (!options) return false;
  pq.conninfoFree(options);
  return true;
}

/// Counts warnings. Without a receiver notices of the server would go to standard error.
static void note(void *warnings, const pg_result *notice) {
  const char *severity = pq.resultErrorField(notice, 'V');
  if (severity && strcmp(severity, "WARNING") == 0) ++*(int *)warnings;
}

pg_connection *pg_connect_start(const char *address, int *warnings) {
  // Later ones stand above earlier ones, and those of the address above the ones before it.
  const char *const keywords[] = {"fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
                                  "tcp_user_timeout", "dbname", "client_encoding", "target_session_attrs", NULL};
  const char *const values[] = {"imagewire", "5", "2", "3", "9000", address, "UTF8", "any", NULL};
  pg_connection *connection = pq.connectStartParams(keywords, values, 1);
  if (connection) pq.setNoticeReceiver(connection, note, warnings);
  return connection;
}

const char *pg_tag(const pg_result *result) { return pq.cmdStatus((pg_result *)result); }

int pg_connect_poll(pg_connection *connection) {
  if (pq.status(connection) == 1) return 0;
  int next = pq.connectPoll(connection);
  if (next == 3) pq.setnonblocking(connection, 1);
  return next;
}

void pg_finish(pg_connection *connection) { pq.finish(connection); }
int pg_socket(const pg_connection *connection) { return pq.socket(connection); }
bool pg_is_broken(const pg_connection *connection) { return pq.status(connection) == 1; }

bool pg_is_in_transaction(const pg_connection *connection) {
  int status = pq.transactionStatus(connection);
  return status == 2 || status == 3;
}

int pg_backend(const pg_connection *connection) { return pq.backendPID(connection); }
int pg_server_version(const pg_connection *connection) { return pq.serverVersion(connection); }
const char *pg_error(const pg_connection *connection) { return pq.errorMessage(connection); }
const char *pg_host(const pg_connection *connection) { return pq.host(connection); }
const char *pg_database(const pg_connection *connection) { return pq.db(connection); }

bool pg_send(pg_connection *connection, const char *sql, int count, const unsigned *types, const char *const *values,
             const int *lengths, const int *formats) {
  return pq.sendQueryParams(connection, sql, count, types, values, lengths, formats, 1) == 1;
}

bool pg_can_pipeline(void) { return can_pipeline; }
bool pg_begin_pipeline(pg_connection *connection) { return pq.enterPipelineMode(connection) == 1; }
bool pg_end_pipeline(pg_connection *connection) { return pq.exitPipelineMode(connection) == 1; }
bool pg_sync(pg_connection *connection) { return pq.pipelineSync(connection) == 1; }

bool pg_send_prepare(pg_connection *connection, const char *name, const char *sql, int count, const unsigned *types) {
  return pq.sendPrepare(connection, name, sql, count, types) == 1;
}

bool pg_send_prepared(pg_connection *connection, const char *name, int count, const char *const *values, const int *lengths,
                      const int *formats) {
  return pq.sendQueryPrepared(connection, name, count, values, lengths, formats, 1) == 1;
}

bool pg_send_script(pg_connection *connection, const char *sql) { return pq.sendQuery(connection, sql) == 1; }
int pg_flush(pg_connection *connection) { return pq.flush(connection); }
bool pg_consume(pg_connection *connection) { return pq.consumeInput(connection) == 1; }
bool pg_is_busy(pg_connection *connection) { return pq.isBusy(connection) == 1; }
pg_result *pg_next(pg_connection *connection) { return pq.getResult(connection); }
void pg_clear(pg_result *result) { pq.clear(result); }

bool pg_is_good(const pg_result *result) {
  int status = pq.resultStatus(result);
  // Without rows, and with them.
  return status == 1 || status == 2;
}

bool pg_is_sync(const pg_result *result) { return pq.resultStatus(result) == 10; }
bool pg_is_skipped(const pg_result *result) { return pq.resultStatus(result) == 11; }

const char *pg_state(const pg_result *result) {
  const char *state = pq.resultErrorField(result, 'C');
  return state ? state : "";
}

const char *pg_message(const pg_result *result) {
  const char *primary = pq.resultErrorField(result, 'M');
  return primary ? primary : pq.resultErrorMessage(result);
}

int pg_rows(const pg_result *result) { return pq.ntuples(result); }
int64_t pg_changed(const pg_result *result) { return strtoll(pq.cmdTuples((pg_result *)result), NULL, 10); }
bool pg_is_null(const pg_result *result, int row, int column) { return pq.getisnull(result, row, column); }
const char *pg_bytes(const pg_result *result, int row, int column) { return pq.getvalue(result, row, column); }
int pg_length(const pg_result *result, int row, int column) { return pq.getlength(result, row, column); }

int64_t pg_integer(const pg_result *result, int row, int column) {
  if (pq.getisnull(result, row, column)) return 0;
  const unsigned char *bytes = (const unsigned char *)pq.getvalue(result, row, column);
  int length = pq.getlength(result, row, column);
  if (length != 1 && length != 2 && length != 4 && length != 8) return 0;
  uint64_t number = bytes[0] & 0x80 ? UINT64_MAX : 0;
  for (int i = 0; i < length; i++) number = number << 8 | bytes[i];
  return (int64_t)number;
}

bool pg_take_notification(pg_connection *connection) {
  notification *found = pq.notifies(connection);
  if (!found) return false;
  pq.freemem(found);
  return true;
}

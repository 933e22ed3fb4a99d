#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The part of libpq that is used. The library is opened at the first connection: a start does not pay for it, and the build needs
// neither it nor its headers. Its interface has not changed since PostgreSQL 9, and has had pipelines since 14.

typedef struct pg_connection pg_connection;
typedef struct pg_result pg_result;

/// Opens the library. Returns NULL, or what is missing and how to install it; static text.
const char *pg_open(void);

/// Whether a text is an address, or a list of settings, that the library can read.
bool pg_can_parse(const char *address);

/// Begins to connect. The settings of the address stand above ours for keeping a connection alive. `warnings` counts those of the
/// server, as long as the connection lives.
pg_connection *pg_connect_start(const char *address, int *warnings);

/// What to wait for next: 1 to read, 2 to write, 3 connected, 0 failed.
int pg_connect_poll(pg_connection *connection);

void pg_finish(pg_connection *connection);
int pg_socket(const pg_connection *connection);

/// Whether the server closed the connection, or it broke.
bool pg_is_broken(const pg_connection *connection);

/// Whether a transaction is open, also one that failed.
bool pg_is_in_transaction(const pg_connection *connection);

/// The process number of the server's side, as the server said it at the beginning.
int pg_backend(const pg_connection *connection);
int pg_server_version(const pg_connection *connection);
const char *pg_error(const pg_connection *connection);
const char *pg_host(const pg_connection *connection);
const char *pg_database(const pg_connection *connection);

/// Sends a statement with parameters; the answer has binary cells. Formats: 1 for binary.
bool pg_send(pg_connection *connection, const char *sql, int count, const unsigned *types, const char *const *values,
             const int *lengths, const int *formats);

/// Whether statements can be sent before the answers to earlier ones have come.
bool pg_can_pipeline(void);

/// Between these two, statements are sent without waiting. What follows a statement that fails is skipped up to the next sync. It can
/// be ended when all answers have been taken.
bool pg_begin_pipeline(pg_connection *connection);
bool pg_end_pipeline(pg_connection *connection);

/// Sends what waits, and marks that the next statements do not depend on the success of these.
bool pg_sync(pg_connection *connection);

/// Sends a statement to be kept under a name, and runs one that is. As `pg_send`.
bool pg_send_prepare(pg_connection *connection, const char *name, const char *sql, int count, const unsigned *types);
bool pg_send_prepared(pg_connection *connection, const char *name, int count, const char *const *values, const int *lengths,
                      const int *formats);

/// Sends statements without parameters.
bool pg_send_script(pg_connection *connection, const char *sql);

/// Writes what waits: 0 all is written, 1 more waits, -1 failed.
int pg_flush(pg_connection *connection);
bool pg_consume(pg_connection *connection);
bool pg_is_busy(pg_connection *connection);

/// The next answer; NULL after the last, in a pipeline after the last of each statement.
pg_result *pg_next(pg_connection *connection);
void pg_clear(pg_result *result);

/// Whether a statement succeeded.
bool pg_is_good(const pg_result *result);
/// Whether it is the answer to a sync, and whether its statement was skipped because an earlier one failed.
bool pg_is_sync(const pg_result *result);
bool pg_is_skipped(const pg_result *result);
/// The five characters of SQLSTATE; empty where the server did not answer.
const char *pg_state(const pg_result *result);
const char *pg_message(const pg_result *result);
int pg_rows(const pg_result *result);
/// What a statement did: `COMMIT`, or `ROLLBACK` for a COMMIT of a transaction that had failed.
const char *pg_tag(const pg_result *result);
/// How many rows a statement changed.
int64_t pg_changed(const pg_result *result);

bool pg_is_null(const pg_result *result, int row, int column);
const char *pg_bytes(const pg_result *result, int row, int column);
int pg_length(const pg_result *result, int row, int column);
/// A binary integer or Boolean of 1, 2, 4 or 8 bytes; 0 where it is NULL.
int64_t pg_integer(const pg_result *result, int row, int column);

/// Takes the next notification that has arrived; false where there is none.
bool pg_take_notification(pg_connection *connection);

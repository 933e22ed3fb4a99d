// The system's SQLite, with wrappers where Swift cannot call the C interface: it has no variadic calls, and a
// destructor that is an integer cast to a function pointer does not survive the import.
#ifndef IMAGEWIRE_CSQLITE_H
#define IMAGEWIRE_CSQLITE_H

#include <sqlite3.h>

// SQLITE_TRANSIENT: SQLite copies the bytes before the call returns, so no pointer outlives the closure that lent it.
static inline int imagewire_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 length) {
  return sqlite3_bind_text64(statement, index, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int imagewire_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 length) {
  return sqlite3_bind_blob64(statement, index, bytes, length, SQLITE_TRANSIENT);
}

#endif

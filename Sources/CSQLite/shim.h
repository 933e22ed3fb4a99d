// The system's SQLite, with wrappers where Swift cannot call the C interface: it has no variadic calls, and a
// destructor that is an integer cast to a function pointer does not survive the import.
#ifndef IMAGEWIRE_CSQLITE_H
#define IMAGEWIRE_CSQLITE_H

#include <sqlite3.h>
#ifdef __linux__
#include <sys/vfs.h>  // statfs, which Swift's module of the C library leaves out: SQLite is safe on local disks only.
#endif

// SQLITE_TRANSIENT: SQLite copies the bytes before the call returns, so no pointer outlives the closure that lends it.
static inline int imagewire_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 length) {
  return sqlite3_bind_text64(statement, index, text ? text : "", length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int imagewire_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 length) {
  return sqlite3_bind_blob64(statement, index, bytes, length, SQLITE_TRANSIENT);
}

// Variadic in C. Turns off the statistics of allocations, which take a lock at each allocation and are not used.
static inline int imagewire_sqlite3_without_statistics(void) {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// Variadic in C. No statement, trigger or view can corrupt the file deliberately, and the schema can call no function with
// side effects. Call it before the file is read for the first time.
static inline int imagewire_sqlite3_defend(sqlite3 *database) {
  int code = sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
  return code ? code : sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
}

// Variadic in C. Before the file is known to be a database of imagewire, closing it must not write to it.
static inline int imagewire_sqlite3_checkpoint_on_close(sqlite3 *database, int on) {
  return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !on, (int *)0);
}

#endif

internal import CSQLite
internal import PostgreSQL

extension TableError {
  /// An error of a server, with the code of SQLite that means the same.
  init(_ error: PostgreSQLError) {
    let code =
      switch error.state {
      case _ where error.isLost: SQLITE_IOERR
      case "53100": SQLITE_FULL
      // Of a standby, or where an administrator forbids writing.
      case "25006": SQLITE_READONLY
      case "42501", "28000", "28P01": SQLITE_PERM
      // A lock or a statement took too long.
      case "55P03", "57014", "40P01", "40001": SQLITE_BUSY
      case "23505", "23514", "23502": SQLITE_CONSTRAINT
      default: SQLITE_ERROR
      }
    self.init(code: code, message: error.message, isOfServer: true)
  }
}

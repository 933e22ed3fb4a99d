internal import CSQLite
internal import PostgreSQL
internal import Predictions

/// An error of the database: of SQLite with its extended code, of PostgreSQL with the code of SQLite that means the same.
struct TableError: Error, Equatable {
  var code: Int32
  var message: String
  /// Whether a server answered, or did not.
  var isOfServer = false

  /// The code without its extension.
  var primary: Int32 { code & 0xFF }

  /// A cell holds a value that no version writes.
  static func damaged(_ what: String) -> TableError {
    TableError(code: damagedCell, message: "its \(what) cannot be read")
  }

  /// `SQLITE_CORRUPT` with an extension that SQLite does not use: one row cannot be read, the file is sound.
  private static let damagedCell: Int32 = SQLITE_CORRUPT | 0xFF << 8

  /// Whether only one row cannot be read.
  var isDamagedRow: Bool { code == Self.damagedCell }

  /// The error with the name of the row.
  func of(_ id: PredictionID) -> TableError {
    isDamagedRow ? TableError(code: code, message: "prediction \(id): \(message)") : self
  }
}

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

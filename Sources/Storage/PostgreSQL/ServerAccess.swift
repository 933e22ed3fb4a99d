internal import PostgreSQL

/// How a connection to a server is made.
struct ServerAccess {
  /// How long an answer to a question may take, in milliseconds: a thread that answers calls waits for it.
  static let patience: Int64 = 5_000

  let connect: () throws(PostgreSQLError) -> PostgreSQLConnection
  /// Why the server is known not to answer, so that nobody should wait for it.
  let fault: () -> PostgreSQLError?
}

extension TableBindable {
  /// The value as a server gets it.
  var parameter: PostgreSQLValue {
    switch cell {
    case .null: .null
    case .integer(let integer): .integer(integer)
    case .text(let text): .text(text)
    case .blob(let bytes): .bytes(bytes)
    }
  }
}

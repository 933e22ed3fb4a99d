/// Why a server of PostgreSQL could not be used.
public struct PostgreSQLError: Error, Sendable, Equatable {
  /// SQLSTATE, five characters; empty where the server did not answer.
  public var state: String
  /// What the server or the library said, without a full stop and without the address: that may hold a password.
  public var message: String
  /// Whether the connection can be used no more. Of a `COMMIT` that ended so it is not known whether it happened.
  public var isLost: Bool

  init(state: String, message: String, isLost: Bool) {
    self.state = state
    self.message = message
    self.isLost = isLost
  }

  /// Why a server that answers is not used.
  public init(refusal message: String) { self.init(state: "", message: message, isLost: false) }
}

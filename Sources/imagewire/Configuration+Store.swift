internal import Predictions
internal import Storage

/// The address of a database of PostgreSQL, as libpq reads it. It may hold a password, so it describes itself as nothing.
struct DatabaseAddress: Sendable, CustomStringConvertible {
  let text: String

  /// - Returns: `nil` for a text that cannot be one.
  init?(_ text: String) {
    guard text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") || text.contains("=") else { return nil }
    self.text = text
  }

  var description: String { "a database of PostgreSQL" }
}

extension Configuration {
  /// Where the predictions are. A setting that cannot be used is an error wherever they are needed: another table would not know
  /// what was paid.
  static func store(_ setting: Setting<String>) -> Setting<DatabaseAddress> {
    guard case .given(let text, let origin) = setting else { return .absent }
    guard let address = DatabaseAddress(text) else {
      return .broken("The store from \(origin) is neither postgresql://… nor service=NAME.", origin: origin)
    }
    return .given(address, origin: origin)
  }

  /// Opens the predictions.
  ///
  /// - Parameter notice: gets a sentence for each change that was made unasked.
  func openStore(
    time: any TimeSource, notice: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(StoreError) -> TablePredictionStore {
    switch store {
    case .absent:
      return try TablePredictionStore(
        directory: stateDirectory, time: time, version: Version.number, notice: { notice($0) })
    case .given(let address, _):
      return try TablePredictionStore(
        server: address.text, directory: stateDirectory, time: time, version: Version.number, notice: notice)
    case .broken(let reason, _): throw .failed(message: reason, hint: "Correct it, or remove it to use SQLite.")
    }
  }
}

public import Predictions

/// All methods, by name.
public struct MethodTable: Sendable {
  /// In the order in which they are documented.
  public let methods: [Method]
  private let byName: [String: Method]

  /// The methods of the protocol.
  ///
  /// - Parameter providers: whose keys `initialize` takes.
  public init(providers: [ProviderDescriptor]) {
    self.init(
      Method.predictions + Method.thumbnails + Method.subscribing + Method.catalogue + Method.money
        + Method.lifecycle(providers) + Method.mcp)
  }

  init(_ methods: [Method]) {
    self.methods = methods
    byName = Dictionary(uniqueKeysWithValues: methods.map { ($0.name, $0) })
  }

  subscript(name: String) -> Method? { byName[name] }
}

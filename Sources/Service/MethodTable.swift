/// All methods, by name.
public struct MethodTable: Sendable {
  /// In the order in which they are documented.
  public let methods: [Method]
  private let byName: [String: Method]

  /// The methods of the protocol.
  public static let standard = MethodTable(
    Method.predictions + Method.subscribing + Method.catalogue + Method.money + Method.lifecycle + Method.mcp)

  init(_ methods: [Method]) {
    self.methods = methods
    byName = Dictionary(uniqueKeysWithValues: methods.map { ($0.name, $0) })
  }

  subscript(name: String) -> Method? { byName[name] }
}

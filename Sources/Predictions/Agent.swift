internal import Encoding

/// One agent: a program that a model drives over MCP, with the directory that it writes to.
///
/// An agent sees, names, reads and cancels only its own predictions. The name is the client's own claim, so this
/// prevents mistakes between agents; access to files is limited by the directory.
public struct Agent: Sendable, Hashable {
  /// 16 hexadecimal digits; the same after a restart.
  public let id: String

  /// - Parameters:
  ///   - clientName: `clientInfo.name` as the client sent it; empty where it sent none.
  ///   - outputDirectory: the real path of the directory that its files go to.
  public init(clientName: String, outputDirectory: String) {
    let digest = SHA256.hash(Array(clientName.utf8) + [0] + Array(outputDirectory.utf8))
    id = digest.prefix(8).hexadecimal
  }

  /// The agent of a row.
  init(id: String) {
    self.id = id
  }

  /// Whether a prediction is this agent's. One of an older version, which recorded no agent, belongs to all of them.
  public func owns(_ prediction: Prediction) -> Bool {
    prediction.origin == .mcp && (prediction.agent == nil || prediction.agent == id)
  }
}

extension Prediction {
  /// The idempotency key as a store looks it up. Each agent has its own namespace, so that no agent finds or takes a
  /// key of another agent or of a plain client; no key that a client can choose contains the control character.
  public var storedKey: String? {
    guard let idempotencyKey else { return nil }
    return agent.map { "\u{1}\($0)\u{1}\(idempotencyKey)" } ?? idempotencyKey
  }
}

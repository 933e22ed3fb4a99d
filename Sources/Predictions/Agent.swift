internal import Encoding

/// One agent: a program that a model drives over MCP, with the directory that it writes to.
///
/// An agent sees, names, reads and cancels only its own predictions. Which program it is, it says itself, so this keeps
/// agents from each other's work by mistake; what keeps them from files is the directory.
public struct Agent: Sendable, Hashable {
  /// 16 hexadecimal digits; the same after a restart.
  public let id: String

  /// - Parameters:
  ///   - clientName: `clientInfo.name` as the client said it; empty where it said none.
  ///   - outputDirectory: the real path of the directory that its files go to.
  public init(clientName: String, outputDirectory: String) {
    let digest = SHA256.hash(Array(clientName.utf8) + [0] + Array(outputDirectory.utf8))
    id = digest.prefix(8).hexadecimal
  }

  /// The agent that a row names.
  init(id: String) {
    self.id = id
  }

  /// Whether a prediction is this agent's. One of an older version, which recorded no agent, belongs to all of them.
  public func owns(_ prediction: Prediction) -> Bool {
    prediction.origin == .mcp && (prediction.agent == nil || prediction.agent == id)
  }
}

extension Prediction {
  /// The idempotency key as a store looks it up. Each agent has a namespace of its own, so that none finds or takes a key
  /// of another agent or of a plain client; the control character is in no key that a client can choose.
  public var storedKey: String? {
    guard let idempotencyKey else { return nil }
    return agent.map { "\u{1}\($0)\u{1}\(idempotencyKey)" } ?? idempotencyKey
  }
}

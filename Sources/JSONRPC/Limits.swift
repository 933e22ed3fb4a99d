/// The limits of one connection; schemas/README.md, "Limits".
public struct Limits: Sendable {
  /// The longest message that is read, in bytes; a longer one is answered with -32600 and skipped.
  public var messageBytes = 64 << 20
  /// The most members of a batch; a longer one is answered with -32600.
  public var batchMembers = 1_000
  /// The most JSON values in the params of one message; more are answered with -32600. 200,000 are read in about 30 ms.
  public var messageValues = 200_000
  /// The most requests whose replies may be kept for later at one time; the next gets
  /// `RequestHandler.refusal(requestsInFlight:)`.
  public var requestsInFlight = 10_000
  /// The longest request id in bytes, the quotes of a string not counted; a longer one is answered with -32602.
  public var idBytes = 1_024
  /// The most bytes of replies that wait for a slow reader; beyond that, reading stops.
  public var unwrittenBytes = 64 << 20

  /// The default limits.
  public init() {}
}

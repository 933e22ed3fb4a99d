public import Predictions

/// What the program behind the service does for it.
public struct ServiceHost: Sendable {
  /// This program's version.
  public var version: String
  /// The directories that agents may use; the first is where their files go that no directory was named for.
  public var agentDirectories: @Sendable () -> [AgentDirectory]
  /// Applies what a client wishes, as far as flags allow.
  public var configure: @Sendable (ClientSettings) -> Void
  /// Ends the process when this one ends.
  public var watch: @Sendable (Int64) -> Void
  /// What an agent should know about the default provider before its first call, in sentences; `nil` where images come
  /// from a real one. Asked at the handshake, and opens no table.
  public var standing: @Sendable () -> String?

  /// A host of the service.
  public init(
    version: String, agentDirectories: @escaping @Sendable () -> [AgentDirectory] = { [] },
    configure: @escaping @Sendable (ClientSettings) -> Void,
    watch: @escaping @Sendable (Int64) -> Void, standing: @escaping @Sendable () -> String? = { nil }
  ) {
    self.version = version
    self.agentDirectories = agentDirectories
    self.configure = configure
    self.watch = watch
    self.standing = standing
  }
}

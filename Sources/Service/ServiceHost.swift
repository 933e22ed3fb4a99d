public import Predictions
public import Threads

/// The functions of the program that the service calls.
public struct ServiceHost: Sendable {
  /// The version of the program.
  public var version: String
  /// The providers of the program.
  public var providers: [ProviderDescriptor]
  /// The directories that agents may use; the first is their default.
  public var agentDirectories: @Sendable () -> [AgentDirectory]
  /// The directories whose images agents may name as inputs.
  public var inputDirectories: @Sendable () -> [AgentDirectory] = { [] }
  /// Lets agents read the roots of their host, absolute paths, in place of earlier ones; `nil` where the user does not.
  public var adoptRoots: (@Sendable ([String]) -> Void)?
  /// The thumbnails of saved files; `nil` where none are made.
  public var thumbnails: (any ThumbnailStore)?
  /// Applies the settings of a client; options of the command line win over them.
  public var configure: @Sendable (ClientSettings) -> Void
  /// Ends this process when that one exits.
  public var watch: @Sendable (Int64) -> Void
  /// A note for agents about the default provider; `nil` where a real one is configured. Called at the handshake, where it
  /// must not open the database.
  public var standing: @Sendable () -> String?

  /// How long tools wait for an image, in milliseconds; `nil` where the user has not said.
  public var toolWait: Int64?
  /// From which price on the user is asked before an agent's request is sent, in millionths of a dollar: for what costs more.
  /// `nil` where the user is not asked.
  public var confirmAbove: Int64?
  /// Whether a client may name this key of this provider, because it is the program's own. `nil` where the program belongs to one
  /// client, whose settings are the program's; otherwise each client has settings of its own, but no keys, and what ends its
  /// conversation ends nothing else.
  public var ownsKey: (@Sendable (_ provider: String, _ key: String) -> Bool)?
  /// On which calls are handled that may read predictions, where these are on a server; `nil` where they are on this machine.
  public var calls: WorkQueue?
  /// Whether results of tools link to their files. Several hosts fail at such a link.
  public var linksFiles = false

  /// A host of the service.
  public init(
    version: String, providers: [ProviderDescriptor] = [],
    agentDirectories: @escaping @Sendable () -> [AgentDirectory] = { [] },
    thumbnails: (any ThumbnailStore)? = nil,
    configure: @escaping @Sendable (ClientSettings) -> Void,
    watch: @escaping @Sendable (Int64) -> Void, standing: @escaping @Sendable () -> String? = { nil }
  ) {
    self.version = version
    self.providers = providers
    self.agentDirectories = agentDirectories
    self.thumbnails = thumbnails
    self.configure = configure
    self.watch = watch
    self.standing = standing
  }
}

public import HTTP
public import Predictions
public import Threads

/// All providers of the program. A new provider is a directory beside this file and a row in `all`.
public enum ProviderList {
  /// In the order of help and setup.
  public static let all: [any ListedProvider.Type] = [WaveSpeed.self, OpenAI.self, Sandbox.self]

  /// Their descriptors, in the same order.
  public static let descriptors = all.map { $0.descriptor }

  /// A provider by its name; `nil` where none has this name.
  public static func type(of name: String) -> (any ListedProvider.Type)? { all.first { $0.descriptor.name == name } }
}

/// A provider that is made from settings.
public protocol ListedProvider: Provider {
  /// The facts about it that are known before it is made.
  static var descriptor: ProviderDescriptor { get }

  /// Makes a provider for one account; sends nothing.
  static func make(_ parts: ProviderParts) -> Self
}

extension ListedProvider {
  /// The name in its descriptor.
  public var name: String { Self.descriptor.name }
}

extension ListedProvider where Self: ProviderHistory {
  /// The bounds in its descriptor.
  public var historyWindow: HistoryWindow { Self.descriptor.history ?? .byID }
}

/// The settings and parts from which a provider is made.
public struct ProviderParts: Sendable {
  /// The user's base URL or the default; the name and a colon for a provider without an address.
  public let baseURL: String
  /// Empty where there is none.
  public let key: String
  /// See `Account`.
  public let account: String
  /// Stores replies that contain the images.
  public let replies: any ReplyStore
  /// Starts and opens nothing before its first request.
  public let http: HTTPClient
  /// Where providers read stored replies and write outputs: never on the thread of the HTTP client.
  public let files: WorkQueue
  /// Where the reply to a POST is stored if it holds the images. Nothing else runs on it, so that a paid reply is on the
  /// disk as soon as it has arrived.
  public let replyQueue: WorkQueue
  /// The version of this program, for the header `User-Agent`.
  public let version: String
  /// The clocks of the machine.
  public let time: any TimeSource
  /// Values of `ProviderAccess.settings` that the user gave, by name.
  public let settings: [String: String]

  /// The parts of a provider.
  public init(
    baseURL: String, key: String, account: String, replies: any ReplyStore, http: HTTPClient, files: WorkQueue,
    replyQueue: WorkQueue, version: String, time: any TimeSource, settings: [String: String] = [:]
  ) {
    self.baseURL = baseURL
    self.key = key
    self.account = account
    self.replies = replies
    self.http = http
    self.files = files
    self.replyQueue = replyQueue
    self.version = version
    self.time = time
    self.settings = settings
  }

  /// The wall clock, in milliseconds since 1970.
  var now: @Sendable () -> Int64 { { [time] in time.now.wall } }
}

/// The facts about a provider that are known before it is made. Options, settings, schemas, help, setup and diagnostics are
/// rendered from them; `ProviderList` has all of them.
public struct ProviderDescriptor: Sendable {
  /// The name in commands, requests and the database: lower-case ASCII letters.
  public let name: String
  /// The name of the service in sentences: `WaveSpeed`.
  public let title: String
  /// One line for the list of providers in setup, without a full stop.
  public let summary: String
  /// Its key and address; `nil` for a provider that needs neither.
  public let access: ProviderAccess?
  /// The bounds for searches of its history; `nil` where it has none.
  public let history: HistoryWindow?
  /// Whether it never costs anything.
  public let isFree: Bool
  /// Whether it states prices and the balance of the account.
  public let tellsPrices: Bool
  /// Whether local files can be uploaded.
  public let takesUploads: Bool
  /// Fields of the input that only this provider has. A request to another provider with such a field is refused, because
  /// it would cost money.
  public let ownFields: Set<String>

  /// A descriptor.
  public init(
    name: String, title: String, summary: String, access: ProviderAccess?, history: HistoryWindow? = nil,
    isFree: Bool = false, tellsPrices: Bool, takesUploads: Bool, ownFields: Set<String> = []
  ) {
    self.name = name
    self.title = title
    self.summary = summary
    self.access = access
    self.history = history
    self.isFree = isFree
    self.tellsPrices = tellsPrices
    self.takesUploads = takesUploads
    self.ownFields = ownFields
  }

  /// The environment variable of its key. The variable with `_FILE` after this name names a file that contains the key.
  public var keyVariable: String { "\(name.uppercased())_API_KEY" }
  /// The environment variable of its base URL.
  public var baseURLVariable: String { "\(name.uppercased())_BASE_URL" }
  /// The field of its key in the config file and in `initialize`.
  public var keyField: String { "\(name)_api_key" }
  /// The field of the config file that names a file with its key.
  public var keyFileField: String { "\(keyField)_file" }
  /// The field of the config file that names the keyring with its key.
  public var keyStoreField: String { "\(keyField)_store" }
  /// The field of its base URL in the config file.
  public var baseURLField: String { "\(name)_base_url" }
  /// The variable of a setting of its own.
  public func variable(of setting: ProviderSetting) -> String {
    "IMAGEWIRE_\(name.uppercased())_\(setting.name.uppercased())"
  }
  /// The field of a setting of its own in the config file.
  public func field(of setting: ProviderSetting) -> String { "\(name)_\(setting.name)" }
}

/// A setting that only one provider has: `IMAGEWIRE_NAME_SETTING`, in the config file `NAME_SETTING`.
public struct ProviderSetting: Sendable {
  /// What it may be.
  public enum Values: Sendable {
    /// One of these words.
    case words([String])
    /// `1` or `0`; in the config file also `true` or `false`.
    case onOrOff
  }

  /// In lower case.
  public let name: String
  /// What it may be.
  public let values: Values
  /// A line of the help, without a full stop.
  public let summary: String

  /// A setting.
  public init(name: String, values: Values, summary: String) {
    self.name = name
    self.values = values
    self.summary = summary
  }

  /// The value that a provider gets, `1` or `0` for a switch; `nil` for one that it may not be.
  public func value(of text: String) -> String? {
    switch values {
    case .words(let words): words.contains(text) ? text : nil
    case .onOrOff: ["1": "1", "true": "1", "0": "0", "false": "0"][text]
    }
  }

  /// What it may be, in words.
  public var choice: String {
    switch values {
    case .words(let words): alternatives(words)
    case .onOrOff: "1 or 0"
    }
  }
}

/// The key and the address of a provider with an HTTP API.
public struct ProviderAccess: Sendable {
  /// The address of the service, unless the user sets another one.
  public let defaultBaseURL: String
  /// Appended to a base URL without a path: `/v1`; empty for nothing.
  public let defaultPath: String
  /// The path, below the base URL, of a GET that is free and needs the key.
  public let healthPath: String
  /// Whether users run their own servers with this API. Such a server may need no key, so its base URL alone is enough.
  public let hasOwnServers: Bool
  /// Whether a key alone makes it the default provider. Not where other programs use the same variable.
  public let isDefaultWithKey: Bool

  /// Settings that only this provider has.
  public let settings: [ProviderSetting]

  /// The access to a provider.
  public init(
    defaultBaseURL: String, defaultPath: String = "", healthPath: String, hasOwnServers: Bool, isDefaultWithKey: Bool,
    settings: [ProviderSetting] = []
  ) {
    self.defaultBaseURL = defaultBaseURL
    self.defaultPath = defaultPath
    self.healthPath = healthPath
    self.hasOwnServers = hasOwnServers
    self.isDefaultWithKey = isDefaultWithKey
    self.settings = settings
  }
}

/// The bounds for searches of a provider's history by time. All figures are milliseconds.
public struct HistoryWindow: Sendable, Equatable {
  /// The age at which a prediction leaves the history.
  public let reach: Int64
  /// Tolerance before the POST: times are rounded, and a skew is known to a second.
  public let before: Int64
  /// Tolerance after its reply was given up: the provider may read a request late.
  public let after: Int64

  /// The bounds of a history that is searched by time.
  public init(reach: Int64, before: Int64, after: Int64) {
    self.reach = reach
    self.before = before
    self.after = after
  }

  /// For a history that finds items by the prediction's id: their times do not matter.
  public static let byID = HistoryWindow(reach: 0, before: 0, after: 0)
}

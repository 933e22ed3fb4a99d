public import JSON

/// A caller's request, before defaults are applied.
public struct PredictionRequest: Sendable, Equatable {
  /// The provider's name; `nil` is the default.
  public var provider: String?
  /// The model's name; `nil` is the default.
  public var model: String?
  /// The model's input, sent unchanged.
  public var input: JSONObject
  /// The caller's own data.
  public var metadata: JSONObject?
  /// The caller's labels.
  public var tags: [String]
  /// The caller's idempotency key.
  public var idempotencyKey: String?
  /// The directory for its files, absolute; `nil` is the default.
  public var outputDirectory: String?
  /// The name of its files without extension; `nil` is the id.
  public var outputName: String?
  /// Its highest allowed price, in millionths of a dollar; `nil` for no limit.
  public var maxCostMicros: Int64?
  /// Whether an estimate satisfies `maxCostMicros` where fields that decide the price are missing.
  public var allowsEstimates: Bool
  /// Whether strings of `input` that begin with `@/` are files; see `FileReferences`. Those of an agent need their content.
  public var upload: Bool
  /// The kind of client, where that is not a plain client.
  public var origin: PredictionOrigin?
  /// `Agent.id` of the agent, where the client is one.
  public var agent: String?
  /// Which earlier predictions of the agent answer it; `nil` where it is to be a new one.
  public var repeats: RepeatedRequest?

  /// Why nothing new may be made for it; an existing prediction may still answer it.
  public var refusal: BudgetRefusal?

  /// Whether an existing prediction may answer it.
  var mayBeKnown: Bool { idempotencyKey != nil || repeats != nil }

  /// A request for this input, everything else by default.
  public init(input: JSONObject) {
    self.input = input
    tags = []
    allowsEstimates = false
    upload = false
  }
}

/// The values used where a request names none.
public struct Defaults: Sendable, Equatable {
  /// The provider's name.
  public var provider: String
  /// Why no default provider can be used, in sentences; `nil` where one can.
  public var problem: String?
  /// The model's name; `nil` is the provider's default.
  public var model: String?
  /// The directory for files, absolute.
  public var outputDirectory: String

  /// Defaults.
  public init(provider: String, problem: String? = nil, model: String?, outputDirectory: String) {
    self.provider = provider
    self.problem = problem
    self.model = model
    self.outputDirectory = outputDirectory
  }
}

/// Limits of an account, for all processes that share a store.
public struct AccountLimits: Sendable, Equatable {
  /// How many predictions may be in progress at once.
  public var maxConcurrency: Int
  /// How many predictions may be sent a minute; `nil` for no limit.
  public var maxPerMinute: Int?
  /// How many predictions may be queued.
  public var maxQueued: Int
  /// The most to spend in a day (UTC), in millionths of a dollar; `nil` for no limit.
  public var maxSpendMicros: Int64?
  /// How many files each agent may make in an hour; `nil` for no limit of files or bytes.
  public var maxAgentFiles: Int?
  /// Whether `maxSpendMicros` refuses predictions without a known price.
  public var isSpendingStrict: Bool
  /// The caps for agents.
  public var agentCaps: AgentCaps

  /// Limits.
  public init(
    maxConcurrency: Int = 2, maxPerMinute: Int? = nil, maxQueued: Int = 10_000, maxSpendMicros: Int64? = nil,
    isSpendingStrict: Bool = false, agentCaps: AgentCaps = .standard, maxAgentFiles: Int? = nil
  ) {
    self.maxAgentFiles = maxAgentFiles
    self.maxConcurrency = maxConcurrency
    self.maxPerMinute = maxPerMinute
    self.maxQueued = maxQueued
    self.maxSpendMicros = maxSpendMicros
    self.isSpendingStrict = isSpendingStrict
    self.agentCaps = agentCaps
  }
}

/// Why nothing was accepted: no prediction exists, and nothing was spent.
public enum SubmitError: Error, Sendable, Equatable {
  /// A field of the request is invalid.
  case invalid(path: String, message: String)
  /// The provider lacks a setting that it needs.
  case notConfigured(provider: String, hint: String)
  /// A setting of the provider is invalid; the sentences say which and why.
  case misconfigured(String)
  /// The idempotency key belongs to other content or to a deleted prediction. `difference`: the path of the first field
  /// in which the two differ.
  case conflict(PredictionID, deleted: Bool, difference: String?)
  /// It would cost more than allowed.
  case overBudget(BudgetRefusal)
  /// Too many are queued.
  case queueFull(limit: Int)
  /// The agent has made as many files in the last hour as it may, or 2 GB of files.
  case agentFull(files: Int)
  /// The directory for its files cannot be used.
  case folder(OutputError, isDefault: Bool)
  /// The store could not be written. The row may exist nevertheless; it is ended as soon as the disk works.
  case storage(StoreError, PredictionID)
}

/// A provider, and whether it can be used.
public enum ProviderSlot: Sendable {
  /// It can be used.
  case ready(any Provider)
  /// It lacks a setting; the hint names it.
  case unconfigured(hint: String)
  /// One of its settings is invalid; the sentences say which and why.
  case broken(reason: String)
}

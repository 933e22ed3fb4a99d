public import JSON

/// What a caller asks for, before defaults are applied.
public struct PredictionRequest: Sendable, Equatable {
  /// Who is to make it; `nil` is the default.
  public var provider: String?
  /// Which model; `nil` is the default.
  public var model: String?
  /// What the model receives, untouched.
  public var input: JSONObject
  /// The caller's own data.
  public var metadata: JSONObject?
  /// The caller's labels.
  public var tags: [String]
  /// The caller's name for this intent.
  public var idempotencyKey: String?
  /// An absolute folder for its files; `nil` is the default.
  public var outputDirectory: String?
  /// Their name without extension; `nil` is the id.
  public var outputName: String?
  /// What it may cost at most, in millionths of a dollar; `nil` is no limit.
  public var maxCostMicros: Int64?
  /// Whether strings of `input` that begin with `@/` are files; see `FileReferences`.
  public var upload: Bool
  /// Who asks, where that is not a plain client.
  public var origin: PredictionOrigin?
  /// `Agent.id` of the agent that asks.
  public var agent: String?

  /// A request for this input, everything else by default.
  public init(input: JSONObject) {
    self.input = input
    tags = []
    upload = false
  }
}

/// What holds where a request does not say.
public struct Defaults: Sendable, Equatable {
  /// The provider.
  public var provider: String
  /// Why no default provider can be used, in sentences; `nil` where one can.
  public var problem: String?
  /// Which model; `nil` is the provider's own choice.
  public var model: String?
  /// An absolute folder.
  public var outputDirectory: String

  /// Defaults.
  public init(provider: String, problem: String? = nil, model: String?, outputDirectory: String) {
    self.provider = provider
    self.problem = problem
    self.model = model
    self.outputDirectory = outputDirectory
  }
}

/// Limits of an account, held for all processes on one table.
public struct AccountLimits: Sendable, Equatable {
  /// How many may be under way at once.
  public var maxConcurrency: Int
  /// How many may be sent a minute; `nil` is no limit.
  public var maxPerMinute: Int?
  /// How many may be queued.
  public var maxQueued: Int
  /// What may be spent in a day (UTC), in millionths of a dollar; `nil` is no limit.
  public var maxSpendMicros: Int64?
  /// How many files each agent may make in an hour; `nil` is no limit, of bytes neither.
  public var maxAgentFiles: Int?
  /// Whether `maxSpendMicros` refuses what has no price.
  public var isSpendingStrict: Bool
  /// What agents may order.
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
  /// A member cannot be used.
  case invalid(path: String, message: String)
  /// The provider lacks what it needs.
  case notConfigured(provider: String, hint: String)
  /// A setting that decides about the provider is there and cannot be used; the sentences say which and why.
  case misconfigured(String)
  /// The idempotency key is taken by other content, or by a prediction that was deleted. `difference`: the path of the
  /// first member that the two do not share.
  case conflict(PredictionID, deleted: Bool, difference: String?)
  /// It would cost more than allowed.
  case overBudget(BudgetRefusal)
  /// Too many are queued.
  case queueFull(limit: Int)
  /// The agent has made as many files in the last hour as it may, or 2 GB of them.
  case agentFull(files: Int)
  /// The folder its files would go to cannot be used.
  case folder(OutputError, isDefault: Bool)
  /// The table could not be written. Whether the record is there is not known; it is voided as soon as the disk works.
  case storage(StoreError, PredictionID)
}

/// A provider that can be named, and whether it can be used.
public enum ProviderSlot: Sendable {
  /// It can.
  case ready(any Provider)
  /// It lacks something; the hint names it.
  case unconfigured(hint: String)
  /// A setting of it is there and cannot be used; the sentences say which and why.
  case broken(reason: String)
}

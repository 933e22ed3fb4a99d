public import JSON

/// Somebody who makes images.
///
/// A provider has no clock, no retry, no sleep and no storage inside: the engine owns those. Every call returns at once
/// and answers later by its completion, exactly once, from a thread of the provider's own; a completion must not block.
/// No key ever appears in an answer.
public protocol Provider: Sendable {
  /// `wavespeed`, `openai`, `sandbox`.
  var name: String { get }

  /// Which key and host: see `Account`. Predictions of one account share its limits.
  var account: String { get }

  /// The model used where nobody names one.
  var defaultModel: String { get }

  /// Fields of an input that it takes for every model, whatever a model's schema lists.
  var commonFields: Set<String> { get }

  /// How often it may be asked.
  var pace: PollPace { get }

  /// Whether the account's limits (concurrency, requests a minute) hold; not for the sandbox.
  var isLimited: Bool { get }

  /// Whether its outputs are made here, by `download`, and so must be finished before the process may end.
  var isEmbedded: Bool { get }

  /// The provider's result URL for a prediction, built from our own base URL; `nil` where there is none.
  func resultURL(for remoteID: String) -> String?

  /// Sends one prediction. The only call that costs money: what happens inside must send at most one POST, ever.
  ///
  /// - Parameter mayStart: asked immediately before the first byte is written, on the provider's thread. `false` means
  ///   that nothing may be sent any more, and the outcome is `.unsent`.
  func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (SubmitOutcome) -> Void)

  /// The same, for who wants to see partial images on the way.
  ///
  /// - Parameter preview: gets them as they come, on the provider's thread, before the completion; must not block.
  func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    preview: @escaping @Sendable (PartialImage) -> Void, completion: @escaping @Sendable (SubmitOutcome) -> Void)

  /// Asks how a prediction stands that has a `remoteID`. Safe to repeat.
  func poll(_ prediction: Prediction, completion: @escaping @Sendable (PollOutcome) -> Void)

  /// Streams one output into a writer (`write` only; the engine finishes or discards it). Safe to repeat.
  ///
  /// - Parameters:
  ///   - output: as it came in `RemoteResult.outputs`.
  ///   - index: which output, from 1.
  func download(
    _ output: String, index: Int, of prediction: Prediction, into writer: any OutputWriter,
    completion: @escaping @Sendable (DownloadOutcome) -> Void)

  /// What this machine lacks to send anything, in one sentence with the package to install, where that is known already;
  /// `nil` otherwise.
  var obstacle: String? { get }

  /// Its history, where it has one that can be searched.
  var history: (any ProviderHistory)? { get }

  /// Whether its history shows everything that was sent for the account, by any process from any state of the table.
  var remembersAll: Bool { get }

  /// What it costs, where it can be asked.
  var pricing: (any ProviderPricing)? { get }

  /// What models it has, where that is known or can be asked.
  var catalogue: (any ProviderCatalogue)? { get }

  /// Takes local files, where it can.
  var uploads: (any ProviderUploads)? { get }

  /// Asks that the provider delete a prediction. Safe to repeat.
  func delete(_ prediction: Prediction, completion: @escaping @Sendable (DeletionOutcome) -> Void)

  /// How long its paid request may take to be answered, in milliseconds: the process does not end before.
  var postLimit: Int64 { get }

  /// Whether a poll would bring the answer once more.
  func canRepeat(_ prediction: Prediction) -> Bool

  /// It is over or deleted, and that is committed: what was kept for it may go. May be called again.
  func forget(_ prediction: Prediction)
}

extension Provider {
  /// None.
  public var commonFields: Set<String> { [] }

  /// Providers that make a prediction under an id can be asked again.
  public func canRepeat(_ prediction: Prediction) -> Bool { true }

  /// Most have no such history.
  public var remembersAll: Bool { false }

  /// A minute: the work goes on after the answer.
  public var postLimit: Int64 { 60_000 }

  /// Most send none.
  public func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    preview: @escaping @Sendable (PartialImage) -> Void, completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    submit(prediction, mayStart: mayStart, completion: completion)
  }

  /// Most keep nothing.
  public func forget(_ prediction: Prediction) {}
}

extension Provider {
  /// Nothing that is known.
  public var obstacle: String? { nil }
  /// Cannot be asked.
  public var pricing: (any ProviderPricing)? { nil }
  /// Cannot be asked.
  public var catalogue: (any ProviderCatalogue)? { nil }
  /// Takes none.
  public var uploads: (any ProviderUploads)? { nil }
}

/// Finds a prediction at the provider whose reply was lost.
public protocol ProviderHistory: Sendable {
  /// Whether it is known to have no items, so that a search would find nothing. May read the disk, so it is not called with
  /// a lock held.
  var isHistoryEmpty: Bool { get }

  /// Lists what the account has of one model in a window of time.
  ///
  /// - Parameters:
  ///   - prediction: only items of its model whose input has every member of its input, equally, are returned.
  ///   - window: milliseconds since 1970 by our clock; how far the provider's is off is told by its answer.
  func search(
    for prediction: Prediction, window: ClosedRange<Int64>,
    completion: @escaping @Sendable (HistoryOutcome) -> Void)
}

extension ProviderHistory {
  /// A remote history is not known without a request.
  public var isHistoryEmpty: Bool { false }
}

extension Provider {
  /// The history, unless it is known to be empty. May read the disk.
  var searchableHistory: (any ProviderHistory)? { history.flatMap { $0.isHistoryEmpty ? nil : $0 } }
}

/// Says what things cost. Asking costs nothing.
public protocol ProviderPricing: Sendable {
  /// What one prediction would cost.
  func quote(
    model: String, input: JSONObject, completion: @escaping @Sendable (Result<Quote, ProviderError>) -> Void)

  /// What is left on the account.
  func balance(completion: @escaping @Sendable (Result<Balance, ProviderError>) -> Void)
}

/// Says what models there are and what they take. Asking costs nothing.
public protocol ProviderCatalogue: Sendable {
  /// What is known of a model without asking anybody; `nil` where nothing is.
  func builtIn(_ model: String) -> Model?

  /// Asks for all models.
  ///
  /// - Parameter milliseconds: how long the answer may take.
  func models(
    atMost milliseconds: Int64, completion: @escaping @Sendable (Result<[Model], ProviderError>) -> Void)
}

extension ProviderCatalogue {
  /// Asks for all models; the answer may take half a minute.
  public func models(completion: @escaping @Sendable (Result<[Model], ProviderError>) -> Void) {
    models(atMost: 30_000, completion: completion)
  }
}

/// A model, as its provider's catalogue has it.
public struct Model: Sendable, Equatable {
  /// By which `submit` names it.
  public var id: String
  /// The JSON Schema of its input, as JSON; `nil` where the provider tells none. Bytes, because a catalogue of a thousand
  /// models would be large as values, and few of them are ever asked for.
  public var inputSchema: [UInt8]?

  /// A model.
  public init(id: String, inputSchema: [UInt8]? = nil) {
    self.id = id
    self.inputSchema = inputSchema
  }
}

/// What a prediction would cost.
public struct Quote: Sendable, Equatable {
  /// In millionths of the currency.
  public var micros: Int64
  /// ISO 4217: `USD`.
  public var currency: String
  /// Whether it is what will be billed, and not only an estimate.
  public var isExact: Bool

  /// A quote.
  public init(micros: Int64, currency: String, isExact: Bool) {
    self.micros = micros
    self.currency = currency
    self.isExact = isExact
  }
}

/// What is left on an account.
public struct Balance: Sendable, Equatable {
  /// In millionths of the currency.
  public var micros: Int64
  /// ISO 4217: `USD`.
  public var currency: String

  /// A balance.
  public init(micros: Int64, currency: String) {
    self.micros = micros
    self.currency = currency
  }
}

/// Why a provider did not answer a question that costs nothing.
public struct ProviderError: Error, Sendable, Equatable {
  /// One sentence for people.
  public var message: String
  /// What to do next.
  public var hint: String?
  /// Whether asking again could succeed.
  public var isRetryable: Bool
  /// What a prediction fails with that had to ask this first; `nil` where it says nothing about the prediction.
  public var kind: PredictionFailure.Kind?

  /// An error.
  public init(
    message: String, hint: String? = nil, isRetryable: Bool, kind: PredictionFailure.Kind? = nil
  ) {
    self.kind = kind
    self.message = message
    self.hint = hint
    self.isRetryable = isRetryable
  }
}

/// How often a provider may be asked about one prediction.
public enum PollPace: Sendable, Equatable {
  /// A real host: after 2 s, then 1.5 times as long each time up to 10 s (later slower still).
  case remote
  /// On this machine: after 50 ms, growing likewise.
  case near
}

/// The outcome of the one POST; Sources/Predictions/README.md, "Outcomes of a POST".
public enum SubmitOutcome: Sendable, Equatable {
  /// The provider took it and gave an id; it may already be finished. `clockSkew` is the provider's clock minus ours.
  case accepted(remoteID: String, result: RemoteResult, clockSkew: Int64?)
  /// A definite no: nothing was made, nothing is billed. `pause`: milliseconds for which the account should send nothing.
  case refused(PredictionFailure, pause: Int64?)
  /// Not one byte of the request was written.
  case unsent(reason: String)
  /// The provider may or may not have taken it.
  case ambiguous(reason: String)
}

/// What a poll brought.
public enum PollOutcome: Sendable, Equatable {
  /// The provider's answer. `after`: milliseconds until it makes sense to ask again, where the provider knows.
  case answered(RemoteResult, after: Int64?)
  /// 404 or 410 with the provider's own body.
  case gone(reason: String)
  /// Any other answer that says no: a rotated key, a captive portal. Tried again later, never a failure.
  case paused(reason: String)
  /// Nothing to learn from: 429, 5xx, HTML, network. `after`: from `Retry-After`, in milliseconds.
  case transient(reason: String, after: Int64?)
}

/// How a prediction stands at the provider.
public enum RemoteResult: Sendable, Equatable {
  /// Not finished; also every status word that is not known.
  case running
  /// Finished, with at least one output that can be used.
  case completed(outputs: [RemoteOutput], hasNSFWContents: [Bool], inferenceMilliseconds: Int64?)
  /// Finished without a picture.
  case failed(PredictionFailure, billing: Billing)
}

/// One output as the provider gave it.
public enum RemoteOutput: Sendable, Equatable {
  /// Where it can be fetched: an URL, or for an embedded provider its own short name.
  case location(String)
  /// The bytes themselves.
  case bytes([UInt8])
}

/// How a download ended.
public enum DownloadOutcome: Sendable, Equatable {
  /// All of it was written.
  case written
  /// The link is no good any more (403, 404): a fresh one may be in the result.
  case expired(reason: String)
  /// It may work later.
  case transient(reason: String)
  /// It will not work: a forbidden address, too large, no such scheme.
  case refused(reason: String)
  /// The disk failed, not the provider.
  case unsaved(OutputError)
}

/// What a search of the history brought.
public enum HistoryOutcome: Sendable, Equatable {
  /// Everything that matches, in the window.
  case found([HistoryMatch])
  /// More than could be read: as good as several matches.
  case tooMany
  /// One match, which another prediction could have made as well.
  case contested
  /// Nothing was learned; a later look may.
  case unavailable(reason: String)
}

/// An item of the history that could be ours.
public struct HistoryMatch: Sendable, Equatable {
  /// The provider's id.
  public var remoteID: String
  /// By the provider's clock, milliseconds since 1970.
  public var createdAt: Int64
  /// The provider's clock minus ours when it was asked.
  public var clockSkew: Int64
  /// What its input is like; `nil` where the history does not show inputs.
  public var likeness: Likeness?
  /// Whether it is kept under the prediction's own name, so that it cannot be another's.
  public var isNamed: Bool

  /// A match.
  public init(
    remoteID: String, createdAt: Int64, clockSkew: Int64, likeness: Likeness? = nil, isNamed: Bool = false
  ) {
    self.remoteID = remoteID
    self.createdAt = createdAt
    self.clockSkew = clockSkew
    self.likeness = likeness
    self.isNamed = isNamed
  }
}

/// What the provider said to a request to delete.
public enum DeletionOutcome: Sendable, Equatable {
  /// It is deleted there.
  case deleted
  /// It said no.
  case failed(reason: String)
  /// It did not say anything that could be understood.
  case unanswered(reason: String)
}

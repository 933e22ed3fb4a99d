public import Encoding

/// An image-generation provider.
///
/// A provider has no clock, retries, pauses or storage of its own: the engine has them. Every call returns at once and
/// calls its completion exactly once, on a thread of the provider or on the files' queue; a completion must not block. No
/// answer contains the key. Properties are plain values: they neither block nor read the disk, and may be read with a lock
/// held.
public protocol Provider: Sendable {
  /// The name in its `ProviderDescriptor`.
  var name: String { get }

  /// Identifies key and host: see `Account`. Predictions of one account share its limits.
  var account: String { get }

  /// The model of requests that name none.
  var defaultModel: String { get }

  /// Fields of an input that it accepts for every model, whatever a model's schema lists.
  var commonFields: Set<String> { get }

  /// How often it may be polled.
  var pace: PollPace { get }

  /// Whether the account's limits (concurrency, requests a minute) hold; not for the sandbox.
  var isLimited: Bool { get }

  /// Whether `download` makes the outputs in this process, so that the process must not end before.
  var isEmbedded: Bool { get }

  /// The provider's result URL for a prediction, built from the configured base URL; `nil` where there is none.
  func resultURL(for remoteID: String) -> String?

  /// Whether it knows what a POST needs; otherwise `prepare` is called before a claim.
  var isPrepared: Bool { get }

  /// Learns what a POST needs to know, by a free request. Nothing is claimed before the completion, so that a process that ends
  /// meanwhile leaves no prediction of which it is not known whether it was sent. If nothing was learned, it is sent without.
  func prepare(completion: @escaping @Sendable () -> Void)

  /// Sends one prediction. The only call that costs money: it must send at most one POST.
  ///
  /// - Parameter mayStart: called immediately before the first byte is written, on the provider's thread. If it returns
  ///   `false`, nothing is sent, and the outcome is `.unsent`.
  func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (SubmitOutcome) -> Void)

  /// The same, with partial images.
  ///
  /// - Parameter preview: called with each partial image, on the provider's thread, before the completion; must not
  ///   block.
  func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    preview: @escaping @Sendable (PartialImage) -> Void, completion: @escaping @Sendable (SubmitOutcome) -> Void)

  /// Requests the state of a prediction that has a `remoteID`. Safe to repeat.
  func poll(_ prediction: Prediction, completion: @escaping @Sendable (PollOutcome) -> Void)

  /// Writes one output (with `write` only; the engine finishes or discards the writer). Safe to repeat.
  ///
  /// - Parameters:
  ///   - output: as in `RemoteResult.outputs`.
  ///   - index: the number of the output, from 1.
  func download(
    _ output: String, index: Int, of prediction: Prediction, into writer: any OutputWriter,
    completion: @escaping @Sendable (DownloadOutcome) -> Void)

  /// Opens a connection to where an output came from before, because another is expected from there within seconds. Only
  /// speed depends on it.
  func openAhead(for output: String)

  /// The part that this machine lacks to send requests, in one sentence with the package to install; `nil` where
  /// nothing is known to be missing.
  var obstacle: String? { get }

  /// Its history, where it has one that can be searched.
  var history: (any ProviderHistory)? { get }

  /// Whether its history shows every prediction that was sent for the account, by any process and from any state of the
  /// database.
  var remembersAll: Bool { get }

  /// Its prices, where they can be requested.
  var pricing: (any ProviderPricing)? { get }

  /// Its bill, where it can be requested for single predictions.
  var bills: (any ProviderBills)? { get }

  /// Its models, where they are known or can be requested.
  var catalogue: (any ProviderCatalogue)? { get }

  /// Its upload of local files, where it has one.
  var uploads: (any ProviderUploads)? { get }

  /// Requests that the provider delete a prediction. Safe to repeat.
  func delete(_ prediction: Prediction, completion: @escaping @Sendable (DeletionOutcome) -> Void)

  /// How long the reply to a paid request may take, in milliseconds: the process waits as long before it ends.
  var postLimit: Int64 { get }

  /// Whether a poll would give the result once more. May read the disk: not called with a lock held.
  func canRepeat(_ prediction: Prediction) -> Bool

  /// Reads a reply to the POST again that an earlier version kept because it could not read it. Sends nothing.
  ///
  /// - Parameter completion: gets the outcome as `submit` would report it; `nil` where no reply is kept.
  func reread(_ prediction: Prediction, completion: @escaping @Sendable (SubmitOutcome?) -> Void)

  /// Drops what is stored for a prediction: it is over or deleted, and that is committed. May be called again.
  func forget(_ prediction: Prediction)
}

extension Provider {
  /// No fields.
  public var commonFields: Set<String> { [] }

  /// `true`, for providers that give a remote id.
  public func canRepeat(_ prediction: Prediction) -> Bool { true }

  /// `false`, for most providers.
  public var remembersAll: Bool { false }

  /// A minute, for providers that reply before the work is done.
  public var postLimit: Int64 { 60_000 }

  /// `true`, for providers that need to know nothing.
  public var isPrepared: Bool { true }

  /// At once, for the same.
  public func prepare(completion: @escaping @Sendable () -> Void) { completion() }

  /// Sends no partial images.
  public func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    preview: @escaping @Sendable (PartialImage) -> Void, completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    submit(prediction, mayStart: mayStart, completion: completion)
  }

  /// Does nothing, for providers that are not polled.
  public func openAhead(for output: String) {}

  /// `nil`, for providers that keep no replies.
  public func reread(_ prediction: Prediction, completion: @escaping @Sendable (SubmitOutcome?) -> Void) {
    completion(nil)
  }

  /// Does nothing, for providers that store nothing.
  public func forget(_ prediction: Prediction) {}
}

extension Provider {
  /// `nil`: nothing is known to be missing.
  public var obstacle: String? { nil }
  /// `nil`: it quotes no prices.
  public var pricing: (any ProviderPricing)? { nil }
  /// `nil`: it tells no bill.
  public var bills: (any ProviderBills)? { nil }
  /// `nil`: it lists no models.
  public var catalogue: (any ProviderCatalogue)? { nil }
  /// `nil`: it accepts no files.
  public var uploads: (any ProviderUploads)? { nil }
}

/// Finds a prediction at the provider whose reply was lost.
public protocol ProviderHistory: Sendable {
  /// The bounds for a search; for a listed provider those of its descriptor.
  var historyWindow: HistoryWindow { get }

  /// Whether it is known to have no items, so that a search would find nothing. May read the disk, so it is not called
  /// with a lock held.
  var isHistoryEmpty: Bool { get }

  /// Searches the items of the account in a window of time.
  ///
  /// - Parameters:
  ///   - prediction: returned are items of its model whose input has every field of its input with an equal value.
  ///   - window: milliseconds since 1970 by the local clock; the difference to the provider's clock is in its answer.
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

/// The models of a provider and their inputs. Requests are free.
public protocol ProviderCatalogue: Sendable {
  /// A model that is known without a request; `nil` where it is not.
  func builtIn(_ model: String) -> Model?

  /// Requests the list of all models.
  ///
  /// - Parameter milliseconds: how long the answer may take.
  func models(
    atMost milliseconds: Int64, completion: @escaping @Sendable (Result<[Model], ProviderError>) -> Void)
}

extension ProviderCatalogue {
  /// Requests the list of all models; the answer may take half a minute.
  public func models(completion: @escaping @Sendable (Result<[Model], ProviderError>) -> Void) {
    models(atMost: 30_000, completion: completion)
  }
}

/// Why a free request to a provider failed.
public struct ProviderError: Error, Sendable, Equatable {
  /// One sentence for people.
  public var message: String
  /// What to do next.
  public var hint: String?
  /// Whether another request could succeed.
  public var isRetryable: Bool
  /// The failure of a prediction that needs the answer first; `nil` where the error does not concern the prediction.
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

/// How often a prediction is polled.
public enum PollPace: Sendable, Equatable {
  /// A remote host: when earlier jobs of the model say that it pays, at least 2 s apart, or 1 s where a client waits.
  case remote
  /// On this machine: after 50 ms, then 1.5 times as long each time up to 10 s (later slower still).
  case near
}

/// The outcome of the one POST; Sources/Predictions/README.md, "Outcomes of a POST".
public enum SubmitOutcome: Sendable, Equatable {
  /// The provider accepted it and gave an id; it may be finished already. `clockSkew`: the provider's clock minus the
  /// local one, in milliseconds.
  case accepted(remoteID: String, result: RemoteResult, clockSkew: Int64?)
  /// A definite refusal: nothing is made or billed. `pause`: milliseconds for which the account should send nothing.
  case refused(PredictionFailure, pause: Int64?)
  /// Not one byte of the request was written.
  case unsent(reason: String)
  /// The provider may have accepted it or not.
  case ambiguous(reason: String)
  /// The same: the reply has a status of success and is not understood. It is kept at this path.
  case unreadable(reason: String, reply: String)
}

/// The outcome of a poll.
public enum PollOutcome: Sendable, Equatable {
  /// The provider's answer. `after`: milliseconds until the next poll, where the provider suggests them.
  case answered(RemoteResult, after: Int64?)
  /// 404 or 410 with the provider's own body.
  case gone(reason: String)
  /// Any other refusal: a changed key, a captive portal. Polled again later; not a failure of the prediction.
  case paused(reason: String)
  /// The stored reply that a poll reads is not understood. It is kept at this path.
  case unreadable(reason: String, reply: String)
  /// No information: 429, 5xx, HTML, network errors. `after`: from `Retry-After`, in milliseconds. `isLimited`: the account was
  /// asked too often (429).
  case transient(reason: String, after: Int64?, isLimited: Bool = false)
}

/// The state of a prediction at the provider.
public enum RemoteResult: Sendable, Equatable {
  /// Not finished, or a status that is not known.
  case running
  /// Finished, with at least one output that can be used. `providerData`: see `Prediction.providerData`.
  case completed(
    outputs: [RemoteOutput], hasNSFWContents: [Bool], inferenceMilliseconds: Int64?, providerData: [UInt8]? = nil)
  /// Finished without an image.
  case failed(PredictionFailure, billing: Billing)
}

/// One output of the provider.
public enum RemoteOutput: Sendable, Equatable {
  /// Its URL, or for an embedded provider its short name.
  case location(String)
  /// The bytes themselves, and what the provider states about their format.
  case bytes([UInt8], FormatHint = FormatHint())
}

/// The outcome of a download.
public enum DownloadOutcome: Sendable, Equatable {
  /// All of it was written. The hint: what is known of its format beside the bytes.
  case written(FormatHint = FormatHint())
  /// The link has expired (403, 404): a poll may give a fresh one. `isGone`: the host says that the file does not exist.
  case expired(reason: String, isGone: Bool = false)
  /// It may work later.
  case transient(reason: String)
  /// It cannot succeed: a forbidden address, an output that is too large, an unknown scheme.
  case refused(reason: String)
  /// The disk failed, not the provider.
  case unsaved(OutputError)
}

/// The outcome of a search of the history.
public enum HistoryOutcome: Sendable, Equatable {
  /// All matching items in the window.
  case found([HistoryMatch])
  /// More items than can be read; treated like several matches.
  case tooMany
  /// One match that may belong to another prediction.
  case contested
  /// The stored reply of the prediction is not understood. It is kept at this path.
  case unreadable(reason: String, reply: String)
  /// The history could not be searched; a later search may succeed.
  case unavailable(reason: String)
}

/// An item of the history that may belong to a prediction.
public struct HistoryMatch: Sendable, Equatable {
  /// The provider's id.
  public var remoteID: String
  /// When it was created, by the provider's clock in milliseconds since 1970.
  public var createdAt: Int64
  /// The provider's clock minus the local one at the search, in milliseconds.
  public var clockSkew: Int64
  /// The comparable parts of its input; `nil` where the history does not show inputs.
  public var likeness: Likeness?
  /// Whether it is stored under the prediction's id, so that it cannot belong to another one.
  public var isNamed: Bool
  /// The bounds of its history: other POSTs may have made it within their tolerances.
  public var window: HistoryWindow

  /// A match.
  public init(
    remoteID: String, createdAt: Int64, clockSkew: Int64, likeness: Likeness? = nil, isNamed: Bool = false,
    window: HistoryWindow
  ) {
    self.remoteID = remoteID
    self.createdAt = createdAt
    self.clockSkew = clockSkew
    self.likeness = likeness
    self.isNamed = isNamed
    self.window = window
  }
}

/// The provider's answer to a request to delete.
public enum DeletionOutcome: Sendable, Equatable {
  /// The prediction is deleted at the provider.
  case deleted
  /// The provider refused.
  case failed(reason: String)
  /// There was no answer, or none that could be read.
  case unanswered(reason: String)
}

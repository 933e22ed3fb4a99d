public import Encoding

/// One request for images: the caller's input, its state, and the work that remains.
///
/// All times are milliseconds since 1970, UTC. `Prediction+Lifecycle.swift` holds all its transitions.
public struct Prediction: Sendable, Equatable {
  /// The name of the provider that costs nothing. A row holds no other fact about its provider, and the lifecycle must know
  /// whether a prediction can cost anything.
  public static let freeProvider = "sandbox"

  /// Whether it costs nothing, whatever its outcome.
  public var isFree: Bool { provider == Self.freeProvider }

  // MARK: The request; never changes.

  /// Its id, which exists before any money is spent.
  public var id: PredictionID
  /// The provider's name, as in its `ProviderDescriptor`.
  public var provider: String
  /// The model's name at the provider.
  public var model: String
  /// The caller's input, as JSON text of one object; `nil` where it was not loaded (lists leave it out).
  public var input: [UInt8]?
  /// The input as it was sent, with the files' addresses in place of their paths; `nil` where `input` was sent as it
  /// is, or where the files were part of the request and have no address.
  public var sent: [UInt8]?
  /// The caller's own data, as JSON text of one object; `nil` where there is none or it was not loaded.
  public var metadata: [UInt8]?
  /// The caller's labels.
  public var tags: [String]
  /// The caller's idempotency key: the same key does not make a second prediction.
  public var idempotencyKey: String?
  /// SHA-256 over provider, model and input in canonical form; see `Fingerprint`.
  public var fingerprint: [UInt8]
  /// Identifies the provider's key and host; see `Account`.
  public var account: String
  /// The directory of its files, absolute.
  public var outputDirectory: String
  /// The name of its files without extension; `nil` is the id.
  public var outputName: String?
  /// Its highest allowed price, in millionths of a dollar; `nil` for no limit of its own.
  public var maxCostMicros: Int64?
  /// Whether an estimate satisfies `maxCostMicros`; see `PricedInput`.
  public var allowsEstimates: Bool
  /// The kind of client that requested it, where that is not a plain client.
  public var origin: PredictionOrigin?
  /// `Agent.id` of the agent that requested it; `nil` for plain clients, and in rows of older versions.
  public var agent: String?
  /// The process that accepted it, or that has since searched the provider's history for it and not found it: while
  /// that process lives, a queued prediction was certainly not sent. `nil` where an older version accepted it.
  public var acceptor: String?
  /// Whether the request named no model, so that it is the provider's default.
  public var usesDefaultModel: Bool
  /// How many images it requests; see `RequestedImages`.
  public var images: Int64
  /// The caps for agents at its acceptance; `nil` where there were none.
  public var caps: AgentCaps?
  /// Whether `input` names files to upload. `input` keeps the caller's spelling, `@/path`.
  public var uploads: UploadState

  // MARK: The state.

  /// Whether `input` names outputs of earlier predictions. `input` keeps the caller's spelling.
  public var references: ReferenceState
  /// The outputs that `input` names, in rising order, while it waits for them; empty otherwise, and where they were not loaded.
  public var targets: [OutputReference]
  /// Those of the targets that were not finished when it was read; for clients.
  public var waitsFor: [PredictionID]
  /// When a process that could send it last saw it waiting for outputs; `nil` for every other one.
  public var attendedAt: Int64?

  /// Its status, for clients.
  public var status: PredictionStatus
  /// The work that remains, for processes; `nil` where there is none.
  public var phase: PredictionPhase?
  /// The process that works on it.
  public var owner: String?
  /// +1 at each claim and takeover; rejects late writes of a former owner.
  public var epoch: Int64
  /// +1 on every change that clients can see.
  public var revision: Int64
  /// The provider's own id.
  public var remoteID: String?
  /// Whether it was billed.
  public var billing: Billing
  /// The provider's quote, in millionths of a dollar; `nil` where the provider was not asked.
  public var estimateMicros: Int64?
  /// Its cost, in millionths of a dollar, where known.
  public var costMicros: Int64?
  /// Whether `costMicros` is from the provider's bill.
  public var isBilled: Bool
  /// When it was handed to the provider.
  public var startedAt: Int64?
  /// When its status became terminal.
  public var finishedAt: Int64?
  /// When the next search of the provider's history is due.
  public var nextAt: Int64?
  /// How many searches of the history there were.
  public var tries: Int64
  /// Whether the caller requested its deletion at the provider.
  public var deleteRemote: Bool
  /// The provider's URLs of the outputs, or `inline:` and a number for outputs that arrived as bytes.
  /// Clients see them only once the prediction is completed (or was cancelled too late).
  public var outputs: [String]
  /// The saved outputs, in rising order of their indices. Clients see only `visibleFiles`.
  public var files: [OutputFile]
  /// The newest partial image, while it is processing; see `Preview`.
  public var preview: Preview?
  /// One value for each output; empty where the provider sent none.
  public var hasNSFWContents: [Bool]
  /// What the provider said beside the outputs, such as the tokens that it counted, as JSON text of one object of at most
  /// 16 KiB; `nil` where it said nothing or it was not loaded (lists leave it out).
  public var providerData: [UInt8]?
  /// The provider's inference time, in milliseconds.
  public var inferenceMilliseconds: Int64?
  /// Whether it was `unknown` at any time, even if it was found again.
  public var hasBeenUnknown: Bool
  /// The path of the provider's reply to its POST that could not be read; `nil` where there is none.
  public var unreadReply: String?
  /// Why it failed, or why a completed one has no files.
  public var failure: PredictionFailure?
  /// One sentence for people; empty unless something went wrong.
  public var error: String

  /// The largest number of outputs of one prediction that are saved. The others stay as the provider's URLs.
  public static let savedOutputs = 64

  /// Which outputs are to be saved and are not, from 1, in rising order.
  public var missingOutputs: [Int] {
    let saved = Set(files.map(\.index))
    return (0..<min(outputs.count, Self.savedOutputs)).map { $0 + 1 }.filter { !saved.contains($0) }
  }

  /// Its files as clients may see them: none until its status is terminal, because the other outputs may still be downloaded.
  public var visibleFiles: [OutputFile] { status.isTerminal ? files : [] }

  /// The visible file of an output.
  ///
  /// - Parameter index: which output, from 1, as `OutputFile.index`.
  /// - Returns: `nil` where that output is not saved or may not be seen yet.
  public func visibleFile(_ index: Int) -> OutputFile? { visibleFiles.first { $0.index == index } }

  /// Whether it waits for outputs of other predictions, or for its turn after them. Its phase is `nil` meanwhile.
  public var isChained: Bool { status == .created && references == .awaited }

  /// Whether it is accepted and nothing was sent for it.
  public var isUnsent: Bool { status == .created && (phase == .queued || references == .awaited) }

  /// Whether addresses must take the places of files or outputs in its input before it is sent.
  public var awaitsAddresses: Bool { uploads == .awaited || references == .awaited }

  /// Makes it wait for outputs of other predictions.
  public mutating func wait(for references: [OutputReference]) {
    self.references = .awaited
    targets = Set(references).sorted { ($0.target, $0.output) < ($1.target, $1.output) }
    phase = nil
    attendedAt = createdAt
  }

  /// When it was accepted.
  public var createdAt: Int64 { id.milliseconds }

  /// A prediction at its acceptance: `created`, queued, no money spent.
  public init(
    id: PredictionID, provider: String, model: String, input: [UInt8]?, metadata: [UInt8]? = nil, tags: [String] = [],
    idempotencyKey: String? = nil, fingerprint: [UInt8], account: String, outputDirectory: String,
    outputName: String? = nil, maxCostMicros: Int64? = nil, allowsEstimates: Bool = false, estimateMicros: Int64? = nil,
    origin: PredictionOrigin? = nil, agent: String? = nil, usesDefaultModel: Bool = false, images: Int64 = 1,
    caps: AgentCaps? = nil, uploads: UploadState = .none
  ) {
    self.id = id
    self.provider = provider
    self.model = model
    self.input = input
    sent = nil
    self.metadata = metadata
    self.tags = tags
    self.idempotencyKey = idempotencyKey
    self.fingerprint = fingerprint
    self.account = account
    self.outputDirectory = outputDirectory
    self.outputName = outputName
    self.maxCostMicros = maxCostMicros
    self.allowsEstimates = allowsEstimates
    self.estimateMicros = estimateMicros
    self.origin = origin
    self.agent = agent
    self.usesDefaultModel = usesDefaultModel
    self.images = images
    self.caps = caps
    self.uploads = uploads
    references = .none
    targets = []
    waitsFor = []
    attendedAt = nil
    acceptor = nil
    status = .created
    phase = .queued
    owner = nil
    epoch = 0
    revision = 1
    remoteID = nil
    billing = .none
    costMicros = nil
    isBilled = false
    startedAt = nil
    finishedAt = nil
    nextAt = nil
    tries = 0
    deleteRemote = false
    outputs = []
    files = []
    preview = nil
    hasNSFWContents = []
    providerData = nil
    inferenceMilliseconds = nil
    hasBeenUnknown = false
    unreadReply = nil
    failure = nil
    error = ""
  }
}

/// The kind of client that requested a prediction. Not shown to plain clients.
public enum PredictionOrigin: String, Sendable {
  /// An agent, over MCP: it sees only predictions of agents.
  case mcp
}

/// A saved output.
public struct OutputFile: Sendable, Equatable {
  /// Which output it is, from 1.
  public var index: Int
  /// Its path, absolute; where it is kept elsewhere, that of its copy.
  public var path: String
  /// Where it is kept, if that is not this disk: `s3://bucket/key`.
  public var location: String?
  /// Decided by its bytes first: `FileFormat`.
  public var mediaType: String
  /// Its length in bytes.
  public var bytes: Int64
  /// In hexadecimal, lower case.
  public var sha256: String
  /// In pixels, from the header; `nil` where the header does not say.
  public var width: Int?
  /// In pixels, from the header; `nil` where the header does not say.
  public var height: Int?
  /// Of a sound or a film, in milliseconds; `nil` where the header does not say.
  public var milliseconds: Int64?

  /// How clients show it.
  public var kind: FileKind { FileKind(mediaType: mediaType) }

  /// The last part of its path.
  public var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Its path as a `file:` URL.
  public var url: String { Prediction.fileURL(path) }

  /// The description of a file.
  public init(
    path: String, mediaType: String, bytes: Int64, sha256: String, width: Int?, height: Int?,
    milliseconds: Int64? = nil, index: Int = 1, location: String? = nil
  ) {
    self.index = index
    self.path = path
    self.location = location
    self.mediaType = mediaType
    self.bytes = bytes
    self.sha256 = sha256
    self.width = width
    self.height = height
    self.milliseconds = milliseconds
  }
}

/// One order for images: the caller's wish, what became of it, and what is left to do.
///
/// All times are milliseconds since 1970, UTC. How it may change is in `Prediction+Lifecycle.swift` and nowhere else.
public struct Prediction: Sendable, Equatable {
  /// The provider that draws on this machine and asks nobody.
  public static let sandbox = "sandbox"

  /// Whether it costs nothing, whatever becomes of it: the sandbox draws it.
  public var isFree: Bool { provider == Self.sandbox }

  // MARK: What was asked; never changes.

  /// Its name, known before any money is spent.
  public var id: PredictionID
  /// Who makes the image: `wavespeed`, `openai`, `sandbox`.
  public var provider: String
  /// The model's name at the provider.
  public var model: String
  /// The caller's input, as JSON text of one object; `nil` where it was not loaded (lists leave it out).
  public var input: [UInt8]?
  /// The input as it was sent, with the addresses of the files that it names in their places; `nil` where it was sent as
  /// it is, or where files were sent along and have no address.
  public var sent: [UInt8]?
  /// The caller's own data, as JSON text of one object; `nil` where there is none or it was not loaded.
  public var metadata: [UInt8]?
  /// The caller's labels.
  public var tags: [String]
  /// The caller's name for this intent: the same key never makes a second prediction.
  public var idempotencyKey: String?
  /// SHA-256 over provider, model and input in canonical form; see `Fingerprint`.
  public var fingerprint: [UInt8]
  /// Which key and host it belongs to, without recording the key.
  public var account: String
  /// Where its files go: an absolute folder.
  public var outputDirectory: String
  /// Their name without extension; `nil` is the id.
  public var outputName: String?
  /// What it may cost at most, in millionths of a dollar; `nil` is no limit of its own.
  public var maxCostMicros: Int64?
  /// Who ordered it, where that is not a plain client.
  public var origin: PredictionOrigin?
  /// `Agent.id` of the agent that ordered it; `nil` for a plain client's, and in rows of older versions.
  public var agent: String?
  /// The process that accepted it, or that has searched the provider's history for it since and not found it: while that
  /// process lives it is known not to have been sent. `nil` where an older version accepted it.
  public var acceptor: String?
  /// Whether nobody named the model, so that it is the provider's default.
  public var usesDefaultModel: Bool
  /// How many images it asks for; see `RequestedImages`.
  public var images: Int64
  /// The caps of agents that held when it was accepted; `nil` where none do.
  public var caps: AgentCaps?
  /// Whether `input` names files that are sent in its place: it keeps the caller's spelling, `@/path`.
  public var uploads: UploadState

  // MARK: What became of it.

  /// Where it stands, for clients.
  public var status: PredictionStatus
  /// What is left to do, for us.
  public var phase: PredictionPhase?
  /// The process that works on it.
  public var owner: String?
  /// +1 at each claim and takeover; fences the writes of an owner that was given up.
  public var epoch: Int64
  /// +1 on every change that clients can see.
  public var revision: Int64
  /// The provider's own id.
  public var remoteID: String?
  /// What is known about the money.
  public var billing: Billing
  /// What the provider said it would cost, in millionths of a dollar; `nil` where it was not asked.
  public var estimateMicros: Int64?
  /// What it cost, in millionths of a dollar, where known.
  public var costMicros: Int64?
  /// When it was handed to the provider.
  public var startedAt: Int64?
  /// When its status became terminal.
  public var finishedAt: Int64?
  /// When the next look at the provider's history is due.
  public var nextAt: Int64?
  /// How many looks there were.
  public var tries: Int64
  /// Whether the caller asked that the provider delete it.
  public var deleteRemote: Bool
  /// Where the outputs are: the provider's URLs, or for one that gives bytes its own short names for them.
  /// Clients see them only once the prediction is completed (or cancelled too late).
  public var outputs: [String]
  /// The saved outputs.
  public var files: [OutputFile]
  /// The newest partial image, while it is being made; see `Preview`.
  public var preview: Preview?
  /// One for each output; empty where the provider did not say.
  public var hasNSFWContents: [Bool]
  /// How long the provider says it worked, in milliseconds.
  public var inferenceMilliseconds: Int64?
  /// Whether it ever was `unknown`, though it may have been found again.
  public var hasBeenUnknown: Bool
  /// Why it failed, or why a completed one has no files.
  public var failure: PredictionFailure?
  /// One sentence for people; empty unless something went wrong.
  public var error: String

  /// When it was accepted.
  public var createdAt: Int64 { id.milliseconds }

  /// A prediction as it is when it has just been accepted: `created`, queued, nothing spent.
  public init(
    id: PredictionID, provider: String, model: String, input: [UInt8], metadata: [UInt8]? = nil, tags: [String] = [],
    idempotencyKey: String? = nil, fingerprint: [UInt8], account: String, outputDirectory: String,
    outputName: String? = nil, maxCostMicros: Int64? = nil, estimateMicros: Int64? = nil,
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
    self.estimateMicros = estimateMicros
    self.origin = origin
    self.agent = agent
    self.usesDefaultModel = usesDefaultModel
    self.images = images
    self.caps = caps
    self.uploads = uploads
    acceptor = nil
    status = .created
    phase = .queued
    owner = nil
    epoch = 0
    revision = 1
    remoteID = nil
    billing = .none
    costMicros = nil
    startedAt = nil
    finishedAt = nil
    nextAt = nil
    tries = 0
    deleteRemote = false
    outputs = []
    files = []
    preview = nil
    hasNSFWContents = []
    inferenceMilliseconds = nil
    hasBeenUnknown = false
    failure = nil
    error = ""
  }
}

/// Who ordered a prediction, where that makes a difference. Plain clients never see it.
public enum PredictionOrigin: String, Sendable {
  /// An agent, over MCP: it is shown only what agents made.
  case mcp
}

/// A saved output.
public struct OutputFile: Sendable, Equatable {
  /// Absolute.
  public var path: String
  /// From the bytes, not from a name: `image/png`, `image/jpeg`, `image/webp`, `image/gif`, `image/avif`.
  public var mediaType: String
  /// Its length.
  public var bytes: Int64
  /// In hexadecimal, lower case.
  public var sha256: String
  /// In pixels, from the header; `nil` where the header does not say.
  public var width: Int?
  /// In pixels, from the header; `nil` where the header does not say.
  public var height: Int?

  /// Its path as a `file:` URL.
  public var url: String { Prediction.fileURL(path) }

  /// Puts a file's description together.
  public init(path: String, mediaType: String, bytes: Int64, sha256: String, width: Int?, height: Int?) {
    self.path = path
    self.mediaType = mediaType
    self.bytes = bytes
    self.sha256 = sha256
    self.width = width
    self.height = height
  }
}

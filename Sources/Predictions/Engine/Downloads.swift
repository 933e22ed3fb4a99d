internal import Encoding

/// Outputs on their way to files: whose turn it is, and the bytes that arrived with a reply. A pure struct.
///
/// Two lines, each with its own limit: local jobs (made here, or in memory already) end at the disk's pace, while a
/// remote host may be slow.
struct Downloads: Sendable {
  /// A prediction whose outputs are to be saved.
  struct Job: Sendable {
    var prediction: Prediction
    var provider: any Provider
    /// Whether the outputs are made here or are in memory: the process does not end before they are saved.
    var isLocal: Bool
  }

  /// An output that arrived with a reply.
  struct Arrived: Sendable, Equatable {
    var bytes: [UInt8]
    /// What the provider states about its format.
    var hint = FormatHint()
  }

  /// The largest number of outputs of one prediction that are saved. The others stay as the provider's URLs.
  static let savedOutputs = 64

  /// How many bytes of outputs may be in memory, beyond those of one prediction.
  static let byteLimit = 64 << 20

  private var local: Turns<Job>
  private var remote: Turns<Job>
  private var unsaved: Set<PredictionID> = []
  /// By output, from 1.
  private var arrived: [PredictionID: [Int: Arrived]] = [:]

  /// - Parameter limit: how many jobs of each line run at once.
  init(atOnce limit: Int) {
    local = Turns(limit: limit)
    remote = Turns(limit: limit)
  }

  /// Whether outputs that exist only in this process are not saved yet.
  var hasLocalJobs: Bool { !unsaved.isEmpty }

  // MARK: - Turns

  /// Adds a job.
  ///
  /// - Parameter isEmbedded: whether the provider makes the outputs in this process.
  /// - Returns: the job if it may start now; otherwise `end` returns it when its turn comes.
  mutating func begin(_ prediction: Prediction, from provider: any Provider, isEmbedded: Bool) -> Job? {
    let isLocal = isEmbedded || arrived[prediction.id] != nil
    let job = Job(prediction: prediction, provider: provider, isLocal: isLocal)
    guard isLocal else { return remote.begin(job) ? job : nil }
    unsaved.insert(prediction.id)
    return local.begin(job) ? job : nil
  }

  /// Ends the turn of a job; its outcome need not be committed yet.
  ///
  /// - Returns: the job that may start now.
  mutating func end(_ job: Job) -> Job? { job.isLocal ? local.end() : remote.end() }

  /// Notes that the outcome of a job is committed, or that the job failed.
  mutating func settle(_ job: Job) { if job.isLocal { unsaved.remove(job.prediction.id) } }

  // MARK: - Bytes

  /// Whether so many more bytes would exceed the limit. The first prediction may always have its bytes in memory.
  func isFull(with count: Int) -> Bool {
    let held = arrived.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.bytes.count } }
    return held > 0 && held + count > Self.byteLimit
  }

  /// Whether outputs of a prediction are in memory.
  func hasBytes(of id: PredictionID) -> Bool { arrived[id] != nil }

  /// One output of a prediction, by its index from 1; `nil` where it is not in memory.
  func output(of id: PredictionID, at index: Int) -> Arrived? { arrived[id]?[index] }

  /// Stores outputs that arrived as bytes until they are files.
  mutating func store(_ outputs: [Int: Arrived], of id: PredictionID) { arrived[id] = outputs }

  /// Drops the outputs of a prediction from memory.
  mutating func dropBytes(of id: PredictionID) { arrived[id] = nil }
}

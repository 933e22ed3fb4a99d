internal import Encoding

/// Outputs on their way to files: whose turn it is, and the bytes that arrived with a reply. A pure struct.
///
/// Two lines, each with its own limit: local jobs (made here, or in memory already) end at the disk's pace, while a
/// remote host may be slow, and has few turns of its own.
struct Downloads: Sendable {
  /// An output that is to be saved.
  struct Job: Sendable {
    var round: SavingRound
    /// Which output, from 1.
    var index: Int
    /// Whether it is made here or is in memory: the process does not end before it is saved.
    var isLocal: Bool
    /// Where it comes from; empty for a local one.
    var host: String
  }

  /// An output that arrived with a reply.
  struct Arrived: Sendable, Equatable {
    var bytes: [UInt8]
    /// What the provider states about its format.
    var hint = FormatHint()
  }

  /// How many bytes of outputs may be in memory, beyond those of one prediction.
  static let byteLimit = 64 << 20

  private var local: HostTurns<Job>
  private var remote: HostTurns<Job>
  private var unsaved: Set<PredictionID> = []
  /// By output, from 1.
  private var arrived: [PredictionID: [Int: Arrived]] = [:]

  /// How many outputs of one host are downloaded at once.
  static let ofOneHost = 4

  private var failed: [PredictionID: [DownloadOutcome]] = [:]
  /// SHA-256 of outputs that may have been cut, by output.
  private var cuts: [PredictionID: [Int: String]] = [:]
  /// Of how many predictions `cuts` is kept.
  private static let mostCuts = 256

  /// - Parameter limit: how many outputs are downloaded at once.
  init(atOnce limit: Int) {
    local = HostTurns(limit: limit, hostLimit: min(limit, Self.ofOneHost))
    remote = HostTurns(limit: limit, hostLimit: min(limit, Self.ofOneHost))
  }

  /// Whether outputs that exist only in this process are not saved yet.
  var hasLocalJobs: Bool { !unsaved.isEmpty }

  // MARK: - Turns

  /// Adds the missing outputs of a prediction.
  ///
  /// - Parameter isEmbedded: whether the provider makes the outputs in this process.
  /// - Returns: the jobs that may start now; `end` returns the others when their turn comes.
  mutating func begin(_ round: SavingRound, isEmbedded: Bool) -> [Job] {
    let prediction = round.prediction
    var started: [Job] = []
    for index in prediction.missingOutputs {
      let isLocal = isEmbedded || output(of: prediction.id, at: index) != nil
      // All local ones count as of one host: this machine.
      let host = isLocal ? "" : Self.host(of: prediction.outputs[index - 1])
      let job = Job(round: round, index: index, isLocal: isLocal, host: host)
      if isLocal { unsaved.insert(prediction.id) }
      if isLocal ? local.begin(job, host: host) : remote.begin(job, host: host) { started.append(job) }
    }
    return started
  }

  /// Ends the turn of a job; its outcome need not be committed yet.
  ///
  /// - Returns: the job that may start now.
  mutating func end(_ job: Job) -> Job? {
    job.isLocal ? local.end(host: job.host) : remote.end(host: job.host)
  }

  /// Notes that the outcome of a round is committed, or that it saved nothing.
  mutating func settle(_ id: PredictionID) { unsaved.remove(id) }

  /// The host and port of a URL in lower case; of anything else an empty text.
  static func host(of output: String) -> String {
    let parts = output.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count > 2, parts[0].hasSuffix(":"), parts[1].isEmpty else { return "" }
    let authority = parts[2].prefix { $0 != "?" && $0 != "#" }
    return authority.split(separator: "@").last.map { $0.lowercased() } ?? ""
  }

  // MARK: - Failures

  /// Stores how outputs of a round failed until its saved files are committed.
  mutating func note(_ failures: [DownloadOutcome], of id: PredictionID) { failed[id] = failures }

  /// Takes them out; empty where there are none.
  mutating func takeFailures(of id: PredictionID) -> [DownloadOutcome] { failed.removeValue(forKey: id) ?? [] }

  // MARK: - Cuts

  /// Whether an output that may have been cut has come with the same bytes before: then it is the whole file, such as a JPEG
  /// without its last mark.
  mutating func hasRepeated(_ sha256: String, of id: PredictionID, at index: Int) -> Bool {
    if cuts.count >= Self.mostCuts, cuts[id] == nil { cuts = [:] }
    defer { cuts[id, default: [:]][index] = sha256 }
    return cuts[id]?[index] == sha256
  }

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
  mutating func dropBytes(of id: PredictionID) {
    arrived[id] = nil
    cuts[id] = nil
  }
}

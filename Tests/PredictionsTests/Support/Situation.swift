import Predictions
import Testing

/// Every state of a prediction: each legal pair of status and phase, and where other fields decide about transitions
/// (remote id, requested deletion, owner), one state for each value.
enum Situation: String, CaseIterable, CustomTestStringConvertible {
  case queued
  /// Queued, and its files must be uploaded first.
  case awaiting
  /// Waiting for an output of another prediction.
  case chained
  case sending
  case polling
  /// The outcome of the POST is unknown, and the first searches run.
  case looking
  case fetching
  case completed
  /// Completed, and the download was given up.
  case unsaved
  /// Completed, and the download runs again.
  case refetching
  case failed
  /// Cancelled while it was queued.
  case cancelledUnsent
  /// Cancelled while the provider worked on it.
  case cancelled
  /// Cancelled during the POST.
  case settling
  /// Cancelled during the POST, with the deletion at the provider requested.
  case settlingToDelete
  /// Cancelled while the provider worked on it, with the deletion requested.
  case deleting
  /// Cancelled, but the image arrived nevertheless.
  case cancelledFetching
  /// Unknown, without a search at the moment.
  case doubtful
  /// Unknown, during an additional search.
  case lookingAgain
  /// Unknown, without further searches.
  case lost

  var testDescription: String { rawValue }

  /// The owner, where there is one.
  static let owner = Writer(owner: "owner", epoch: 3)
  /// The prediction that a chained one waits for.
  static let target = PredictionID(sequence: 1_763_899_000_000 << 12, lowBits: 9)
  /// When it was sent.
  static let sentAt: Int64 = 1_763_900_001_000

  /// A prediction in this state.
  var prediction: Prediction {
    var it = Prediction(
      id: PredictionID(sequence: 1_763_900_000_000 << 12, lowBits: 7), provider: "p", model: "m",
      input: Array(#"{"prompt":"a cat"}"#.utf8), fingerprint: [1, 2, 3], account: "account", outputDirectory: "/out")
    if self == .queued { return it }
    if self == .awaiting {
      it.uploads = .awaited
      return it
    }
    if self == .chained {
      it.wait(for: [OutputReference(Self.target, 1)])
      return it
    }
    it.epoch = Self.owner.epoch
    it.revision = 10
    it.startedAt = Self.sentAt
    it.billing = .unknown
    switch self {
    case .queued, .awaiting, .chained: break
    case .sending: (it.status, it.phase) = (.processing, .sending)
    case .polling: (it.status, it.phase, it.remoteID) = (.processing, .polling, "r-1")
    case .looking:
      (it.status, it.phase) = (.processing, .looking)
      it.nextAt = Self.sentAt + 2_000
    case .fetching:
      (it.status, it.phase, it.remoteID) = (.processing, .fetching, "r-1")
      it.finish()
    case .completed:
      (it.status, it.phase, it.remoteID) = (.completed, nil, "r-1")
      it.finish()
      it.files = [.sample]
    case .unsaved, .refetching:
      (it.status, it.phase, it.remoteID) = (.completed, self == .unsaved ? nil : .fetching, "r-1")
      it.finish()
      it.fail(.downloadFailed)
    case .failed:
      (it.status, it.phase, it.billing) = (.failed, nil, .none)
      it.fail(.invalidInput)
    case .cancelledUnsent:
      (it.status, it.phase, it.billing, it.startedAt) = (.cancelled, nil, .none, nil)
      it.fail(.cancelled)
    case .cancelled:
      (it.status, it.phase, it.remoteID) = (.cancelled, nil, "r-1")
      it.fail(.cancelled)
    case .settling, .settlingToDelete:
      (it.status, it.phase, it.deleteRemote) = (.cancelled, .settling, self == .settlingToDelete)
      it.fail(.cancelled)
    case .deleting:
      (it.status, it.phase, it.remoteID, it.deleteRemote) = (.cancelled, .settling, "r-1", true)
      it.fail(.cancelled)
    case .cancelledFetching:
      (it.status, it.phase, it.remoteID) = (.cancelled, .fetching, "r-1")
      it.finish()
      it.fail(.cancelled)
    case .doubtful, .lookingAgain:
      (it.status, it.phase) = (.unknown, .looking)
      it.tries = 5
      it.nextAt = Self.sentAt + 90_000
      it.fail(.submissionUnknown)
    case .lost:
      (it.status, it.phase) = (.unknown, nil)
      it.fail(.submissionUnknown)
    }
    if it.phase != nil, self != .doubtful { it.owner = Self.owner.owner }
    if it.status.isTerminal { it.finishedAt = Self.sentAt + 5_000 }
    return it
  }
}

extension OutputFile {
  static let sample = OutputFile(
    path: "/out/a b-1.png", mediaType: "image/png", bytes: 70, sha256: String(repeating: "0", count: 64), width: 1,
    height: 1)
}

extension Prediction {
  fileprivate mutating func finish() {
    billing = .charged
    outputs = ["https://cdn.example/1.png"]
    hasNSFWContents = [false]
    inferenceMilliseconds = 900
  }

  fileprivate mutating func fail(_ kind: PredictionFailure.Kind) {
    failure = PredictionFailure(kind, retryable: false, message: "As the test wants it.")
    error = "As the test wants it."
  }
}

extension Preview {
  static let sample = Preview(path: "/p/x.png", mediaType: "image/png", bytes: 9, width: 2, height: 3, index: 1)
}

/// POSTs that were handed to a provider and have no outcome yet, and claims whose commit is in doubt. A pure struct.
struct PostTable: Sendable {
  /// How old a claim may be when its first byte is written, in milliseconds: after a longer sleep of the machine
  /// another process may have taken the prediction over.
  static let claimLifetime: Int64 = 30_000

  /// Why a POST was not written.
  enum Refusal: Sendable, Equatable {
    /// It was cancelled.
    case revoked
    /// Its claim was too old, or the store gives the prediction to another process.
    case late
    /// The provider's reason.
    case other
  }

  private struct Post: Sendable {
    var claimedAt: Int64
    var hasStarted = false
    var isRevoked = false
    var isLate = false
  }

  private var posts: [PredictionID: Post] = [:]
  /// Handed to a provider, while the row still says `sending`.
  private var handedOver: Set<PredictionID> = []
  /// Whether a claim could not be committed for certain: a row may name this process although nothing was sent.
  private var mustReconcile = false

  /// Whether no POST is in progress.
  var isEmpty: Bool { posts.isEmpty }

  // MARK: - POSTs

  /// Notes that a claimed prediction is handed to its provider, once.
  mutating func handOver(_ id: PredictionID, now: Int64) {
    assert(posts[id] == nil, "a prediction is handed over once")
    posts[id] = Post(claimedAt: now)
    handedOver.insert(id)
  }

  /// Forbids the POST of a prediction where its first byte is not written yet.
  ///
  /// - Returns: whether this process cannot rule out by itself that it is sent.
  mutating func revoke(_ id: PredictionID) -> Bool {
    guard let post = posts[id], !post.hasStarted else { return true }
    posts[id]?.isRevoked = true
    return false
  }

  /// Decides immediately before the first byte whether it may be written. A yes is final.
  ///
  /// - Parameter isOurs: whether the row still says that this process sends it.
  mutating func mayStart(_ id: PredictionID, isOurs: Bool, now: Int64) -> Bool {
    guard let post = posts[id], !post.isRevoked else { return false }
    guard isOurs, now - post.claimedAt <= Self.claimLifetime else {
      posts[id]?.isLate = true
      return false
    }
    posts[id]?.hasStarted = true
    return true
  }

  /// Why nothing was written.
  func refusal(of id: PredictionID) -> Refusal {
    guard let post = posts[id] else { return .other }
    return post.isLate ? .late : post.isRevoked ? .revoked : .other
  }

  /// Ends a POST: its outcome is being committed.
  mutating func end(_ id: PredictionID) { posts[id] = nil }

  /// Notes that the row says more than `sending`, or is gone.
  mutating func noteOutcome(of id: PredictionID) { handedOver.remove(id) }

  // MARK: - Claims in doubt

  /// Notes that a claim could not be committed for certain.
  mutating func noteFailedClaim() { mustReconcile = true }

  /// The claims that were committed although their commit seemed to fail; each is returned once.
  ///
  /// - Parameter sending: the predictions of this process that the store says are being sent.
  mutating func takeLostClaims(among sending: [PredictionID]) -> [PredictionID] {
    guard mustReconcile else { return [] }
    mustReconcile = false
    return sending.filter { !handedOver.contains($0) }
  }
}

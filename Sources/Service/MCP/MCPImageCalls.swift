internal import Predictions

/// The open calls of a session that make images: which are equal, and which predictions they hold. Pure.
///
/// A prediction is withdrawn when the last call that holds it is cancelled, unless the client has its id. An equal call that
/// does not hold one yet may be about to hold this one, so the decision waits until it does or ends.
struct MCPImageCalls<Call: Hashable & Sendable>: Sendable {
  private struct Open {
    /// Of what the call asks for.
    var digest: [UInt8]
    /// When it began, in milliseconds of the steady clock.
    var at: Int64
    /// Equal calls that began about when this one did, and are open.
    var rivals: Set<Call> = []
    /// How many of them were submitted before.
    var earlier = 0
    var isSubmitted = false
    var isHolding = false
  }

  private struct Holding {
    var calls = 0
    /// Whether a call made it and none has given its id to the client.
    var isTheirs = false
  }

  /// Milliseconds within which an equal call is a request of its own: a model that calls twice at once wants two.
  static var together: Int64 { 2_000 }

  private var open: [Call: Open] = [:]
  private var held: [PredictionID: Holding] = [:]
  /// Predictions that nobody holds any more and an equal call may be about to hold, with what they were made for.
  private var left: [PredictionID: [UInt8]] = [:]

  /// Whether nothing is remembered.
  var isEmpty: Bool { open.isEmpty && held.isEmpty && left.isEmpty }

  /// Whether an open call waits for a prediction.
  func isHeld(_ id: PredictionID) -> Bool { (held[id]?.calls ?? 0) > 0 }

  /// Records a call, until it ends.
  mutating func begin(_ call: Call, digest: [UInt8], now: Int64) {
    let rivals = Set(open.filter { $0.value.digest == digest && now - $0.value.at < Self.together }.keys)
    for rival in rivals { open[rival]?.rivals.insert(call) }
    open[call] = Open(
      digest: digest, at: now, rivals: rivals, earlier: rivals.count { open[$0]?.isSubmitted == true })
  }

  /// Records that the request of a call is submitted now, or once more.
  ///
  /// - Returns: how many equal calls that began about when this one did were submitted before: the newest answers are theirs.
  mutating func submit(_ call: Call) -> Int {
    guard let own = open[call] else { return 0 }
    if !own.isSubmitted {
      for rival in own.rivals { open[rival]?.earlier += 1 }
      open[call]?.isSubmitted = true
    }
    return own.earlier
  }

  /// Records that a call waits for a prediction.
  ///
  /// - Parameter isNew: whether the call made it.
  /// - Returns: predictions to withdraw.
  mutating func hold(_ id: PredictionID, by call: Call, isNew: Bool) -> [PredictionID] {
    open[call]?.isHolding = true
    held[id, default: Holding()].calls += 1
    if isNew || left.removeValue(forKey: id) != nil { held[id]?.isTheirs = true }
    return open[call].map { unwanted($0.digest) } ?? []
  }

  /// Records that a call no longer waits for a prediction.
  ///
  /// - Parameters:
  ///   - digest: of the call; `nil` where it makes no image.
  ///   - isAnswered: whether the client has the id now.
  /// - Returns: predictions to withdraw.
  mutating func release(_ id: PredictionID, digest: [UInt8]?, isAnswered: Bool) -> [PredictionID] {
    guard var holding = held[id] else { return [] }
    holding.calls -= 1
    if isAnswered { holding.isTheirs = false }
    held[id] = holding.calls > 0 ? holding : nil
    guard holding.calls == 0, holding.isTheirs else { return [] }
    guard let digest, isAwaited(digest) else { return [id] }
    left[id] = digest
    return []
  }

  /// Records that a call is answered or cancelled.
  ///
  /// - Returns: predictions to withdraw.
  mutating func end(_ call: Call) -> [PredictionID] {
    guard let ended = open.removeValue(forKey: call) else { return [] }
    // A later call may have the same name.
    for rival in ended.rivals { open[rival]?.rivals.remove(call) }
    return unwanted(ended.digest)
  }

  /// Whether an equal call is open that does not hold a prediction yet.
  private func isAwaited(_ digest: [UInt8]) -> Bool {
    open.values.contains { !$0.isHolding && $0.digest == digest }
  }

  private mutating func unwanted(_ digest: [UInt8]) -> [PredictionID] {
    guard !left.isEmpty, !isAwaited(digest) else { return [] }
    let ids = left.filter { $0.value == digest }.map(\.key).sorted()
    for id in ids { left[id] = nil }
    return ids
  }
}

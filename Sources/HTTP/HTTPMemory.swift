/// The memory that answers share. Used by the client's thread only.
///
/// Where it is used up, libcurl pauses all connections except the oldest one with an answer: even an answer that is longer
/// than the limit is read to its end.
final class HTTPMemory {
  /// In bytes. Outputs that came inside answers and are not files yet may take as much again (`PredictionEngine.heldBytes`).
  static let limit = 64 << 20

  private let limit: Int
  private(set) var used = 0
  /// Bytes of each answer in memory, by the number of its request.
  private var holders: [UInt64: Int] = [:]
  /// Requests whose connections are paused.
  private(set) var waiting: Set<UInt64> = []

  init(limit: Int) {
    self.limit = limit
  }

  /// Reserves bytes for the answer to a request.
  ///
  /// - Returns: `false` where the connection must pause until another answer has ended.
  func take(_ count: Int, for request: UInt64) -> Bool {
    let isOldest = holders.keys.min().map { request <= $0 } ?? true
    guard used + count <= limit || isOldest else {
      waiting.insert(request)
      return false
    }
    holders[request, default: 0] += count
    used += count
    return true
  }

  /// Releases the bytes of an answer.
  ///
  /// - Returns: the requests whose connections may read on.
  func giveBack(_ request: UInt64) -> Set<UInt64> {
    used -= holders.removeValue(forKey: request) ?? 0
    waiting.remove(request)
    defer { waiting = [] }
    return waiting
  }
}

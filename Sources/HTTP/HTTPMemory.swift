/// How much of all answers may be in memory at once. Belongs to the client's thread alone.
///
/// Where it is used up, libcurl stops reading from the connections, all but the oldest one that is being read: an answer
/// that is longer than everything allowed still comes to its end.
final class HTTPMemory {
  /// In bytes. Outputs that came inside answers and are not files yet may take as much again (`PredictionEngine.heldBytes`).
  static let limit = 64 << 20

  private let limit: Int
  private(set) var used = 0
  /// Whose answers are in memory, by the number of the request, in bytes.
  private var holders: [UInt64: Int] = [:]
  /// Who was told to wait.
  private(set) var waiting: Set<UInt64> = []

  init(limit: Int = HTTPMemory.limit) {
    self.limit = limit
  }

  /// Takes so many bytes for the answer to a request.
  ///
  /// - Returns: false where it has to wait until another answer is done.
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

  /// Gives back all that an answer had.
  ///
  /// - Returns: those that may try again.
  func giveBack(_ request: UInt64) -> Set<UInt64> {
    used -= holders.removeValue(forKey: request) ?? 0
    waiting.remove(request)
    defer { waiting = [] }
    return waiting
  }
}

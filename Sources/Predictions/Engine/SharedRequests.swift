/// Requests under way whose answer serves all who ask for the same: 60 calls at once ask a provider once for its models.
struct SharedRequests<Answer: Sendable>: Sendable {
  typealias Completion = @Sendable (Answer) -> Void

  private struct Request {
    let number: Int
    /// When it has an answer at the latest, on the steady clock.
    let deadline: Int64
    var completions: [Completion]
  }

  private var underWay: [String: [Request]] = [:]
  private var count = 0

  /// Waits for a request under way, or notes a new one.
  ///
  /// - Parameters:
  ///   - key: what is asked for.
  ///   - deadline: when the caller must have its answer.
  /// - Returns: the number of the request that the caller has to send; `nil` where one is under way that ends in time.
  mutating func join(_ key: String, deadline: Int64, completion: @escaping Completion) -> Int? {
    if let index = underWay[key]?.firstIndex(where: { $0.deadline <= deadline }) {
      underWay[key]?[index].completions.append(completion)
      return nil
    }
    count += 1
    underWay[key, default: []].append(Request(number: count, deadline: deadline, completions: [completion]))
    return count
  }

  /// Ends a request.
  ///
  /// - Returns: who waits for its answer; none where it has ended before.
  mutating func end(_ number: Int, of key: String) -> [Completion] {
    guard let index = underWay[key]?.firstIndex(where: { $0.number == number }),
      let request = underWay[key]?.remove(at: index)
    else { return [] }
    if underWay[key]?.isEmpty == true { underWay[key] = nil }
    return request.completions
  }
}

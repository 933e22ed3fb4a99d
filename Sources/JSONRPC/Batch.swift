/// The responses to one batch, collected until every member has been answered (JSON-RPC 2.0 section 6).
struct Batch: Sendable {
  /// The place of the array among the other frames.
  let place: ReplyBuffer.Place
  private var responses: [[UInt8]]
  /// The length of the responses collected so far, in bytes.
  private(set) var bytes = 0
  private var unanswered: Int

  /// - Parameter members: the number of members that get a response; notifications do not count.
  init(members: Int, place: ReplyBuffer.Place) {
    self.place = place
    responses = Array(repeating: [], count: members)
    unanswered = members
  }

  /// Stores a member's response, which is empty where it gets none. Returns true once all are there.
  mutating func answer(_ member: Int, _ response: [UInt8]) -> Bool {
    responses[member] = response
    bytes += response.count
    unanswered -= 1
    return unanswered == 0
  }

  /// The array, in the order of the members; `nil` where it would be empty, which JSON-RPC does not allow.
  var array: [UInt8]? {
    let given = responses.filter { !$0.isEmpty }
    if given.isEmpty { return nil }
    var array: [UInt8] = [UInt8(ascii: "[")]
    array.reserveCapacity(given.reduce(2) { $0 + $1.count + 1 })
    for (index, response) in given.enumerated() {
      if index > 0 { array.append(UInt8(ascii: ",")) }
      array.append(contentsOf: response)
    }
    array.append(UInt8(ascii: "]"))
    return array
  }
}

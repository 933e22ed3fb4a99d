/// The responses to one batch, gathered until every member has been answered (JSON-RPC 2.0 section 6).
struct Batch: Sendable {
  /// Where the array belongs among the other frames.
  let place: ReplyBuffer.Place
  private var responses: [[UInt8]]
  /// How many bytes of responses are gathered so far.
  private(set) var bytes = 0
  private var unanswered: Int

  /// A batch of so many members that are owed something: notifications are not counted.
  init(members: Int, place: ReplyBuffer.Place) {
    self.place = place
    responses = Array(repeating: [], count: members)
    unanswered = members
  }

  /// Takes a member's response, or nothing where it is answered with silence; true once none is missing.
  mutating func answer(_ member: Int, _ response: [UInt8]) -> Bool {
    responses[member] = response
    bytes += response.count
    unanswered -= 1
    return unanswered == 0
  }

  /// The array, in the order of the members; `nil` where there is nothing to say, for an empty array is not allowed.
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

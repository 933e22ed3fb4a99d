internal import Predictions

extension StoreConformance {
  // MARK: - How long jobs took

  static let durationRules: [Rule] = [
    Rule("how long a job took is there for every process once its final answer is committed, newest first") { world in
      let (one, two) = (try world.process(), try world.process())
      for (number, result) in [done, failed].enumerated() {
        let row = try one.polling("\(number)", remoteID: "\(number)")
        try one.change(row.id, .finished(result, took: duration(number)), by: row.writer)
      }
      try expect(two.opened.durations(of: "account", model: "m"), durations([1, 0]))
      try expect(two.opened.durations(of: "account", model: "other"), [])
      try expect(two.opened.durations(of: "other", model: "m"), [])
    },
    Rule("an answer that is refused leaves no duration, and one without a duration neither") { world in
      let one = try world.process()
      let row = try one.polling()
      let stranger = Writer(owner: "stranger", epoch: row.epoch)
      try expectRefusal { try one.change(row.id, .finished(done, took: duration(1)), by: stranger) }
      try one.change(row.id, .finished(done), by: row.writer)
      try expect(one.opened.durations(of: "account", model: "m"), [])
    },
    Rule("the newest 256 of an account and a model are kept, also when the predictions are deleted") { world in
      let one = try world.process()
      for number in 0..<260 {
        let row = try one.polling("\(number)", remoteID: "\(number)")
        let end = PredictionEvent.finished(failed, took: duration(number))
        try one.change(row.id, end, by: row.writer)
        if number > 250 { _ = try one.delete([row.id]) }
      }
      try expect(one.opened.durations(of: "account", model: "m"), durations((4..<260).reversed()))
    },
    Rule("where outputs of a model came from is known to every process, of the account's newest completed prediction") {
      world in
      let (one, two) = (try world.process(), try world.process())
      try expect(two.opened.lastOutput(of: "account", model: "m"), nil)
      for address in ["https://x/", "https://y/"] {
        try one.complete(try one.polling(address, remoteID: address).id, at: address)
      }
      let unlucky = try one.polling("unlucky", remoteID: "unlucky")
      try one.change(unlucky.id, .finished(failed), by: unlucky.writer)
      try expect(two.opened.lastOutput(of: "account", model: "m"), "https://y/")
      try expect(two.opened.lastOutput(of: "other", model: "m"), nil)
      try expect(two.opened.lastOutput(of: "account", model: "other"), nil)
    },
  ]

  private static let done = RemoteResult.completed(
    outputs: [.location("https://x/")], hasNSFWContents: [], inferenceMilliseconds: nil)

  private static let failed = RemoteResult.failed(
    PredictionFailure(.remoteError, retryable: false, message: "x", hint: nil), billing: .unknown)

  private static func durations(_ numbers: some Sequence<Int>) -> [JobDuration] { numbers.compactMap(duration) }

  private static func duration(_ number: Int) -> JobDuration? {
    JobDuration(kind: Int64(number % 3) - 1, still: 1_000 + Int64(number), done: 2_000 + Int64(number))
  }
}

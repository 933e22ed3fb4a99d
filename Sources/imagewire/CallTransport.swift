internal import JSON
internal import JSONRPC
internal import Threads

/// The other end of the connection of `imagewire call`: sends one message, and prints what comes back.
final class CallTransport: Transport {
  private struct State {
    var unsent: ArraySlice<UInt8>
    var isFailed = false
    /// What came of a message that is not complete.
    var line: [UInt8] = []
  }

  private let state: Protected<State>
  private let staysOpen: Bool
  private let show: @Sendable ([UInt8]) -> Bool

  /// - Parameters:
  ///   - message: in one line.
  ///   - staysOpen: whether the input goes on, without anything more in it, until the process ends.
  ///   - show: prints a message; returns `false` if nobody reads it any more.
  init(_ message: String, staysOpen: Bool, show: @escaping @Sendable (_ message: [UInt8]) -> Bool) {
    state = Protected(State(unsent: Array("\(message)\n".utf8)[...]))
    self.staysOpen = staysOpen
    self.show = show
  }

  /// Whether the answer was an error.
  var isFailed: Bool { state.withLock { $0.isFailed } }

  func read(into chunk: inout [UInt8]) -> Int {
    let capacity = chunk.count
    let sent = state.withLock { state in
      let sent = state.unsent.prefix(capacity)
      state.unsent = state.unsent.dropFirst(sent.count)
      return sent
    }
    // The end of the process ends it.
    if sent.isEmpty, staysOpen { _ = state.wait { _ in nil as Int? } }
    chunk.replaceSubrange(..<sent.count, with: sent)
    return sent.count
  }

  func write(_ bytes: borrowing Span<UInt8>, waiting: Bool) -> WriteOutcome {
    let count = bytes.count
    let text = bytes.withUnsafeBufferPointer { Array($0) }
    let messages = state.withLock { state -> [ArraySlice<UInt8>] in
      state.line += text
      guard let end = state.line.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
      let complete = state.line[..<end].split(separator: UInt8(ascii: "\n"))
      state.line = Array(state.line[(end + 1)...])
      return complete
    }
    for message in messages {
      if let answer = try? JSONValue(parsing: Array(message)), answer["error"] != nil {
        state.withLock { $0.isFailed = true }
      }
      guard show(Array(message)) else { return .readerGone }
    }
    return .written(count)
  }
}

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The next part of a stream.
public enum Frame: Sendable, Equatable {
  /// One message: its range in `FrameDecoder.bytes`, valid until the next `append`.
  case message(Range<Int>)
  /// Bytes that are not a message. The decoder skips them.
  case fault(FrameFault)
}

/// Why bytes are not a frame.
public enum FrameFault: Sendable, Equatable {
  /// A header without a length, with one that cannot be meant, or with two that differ.
  case badLength
  /// A message over the limit. It is skipped as it arrives and not held in memory.
  case tooLong
  /// The input ended inside a header or a body.
  case truncated
}

/// Splits a stream of bytes into messages.
///
/// The frames are the same however the stream was cut into chunks. Every byte is read a bounded number of times, so the
/// cost is linear, also for a long message in small chunks. It never traps, blocks or logs, and goes on after a fault.
public struct FrameDecoder: Sendable {
  private enum State {
    /// Before the first byte, the only place for a byte order mark.
    case start
    /// White space before the byte that decides the framing.
    case undecided
    case line
    case skippingLine
    case header(length: Int?, isEmpty: Bool)
    case body(Int)
    case skippingBody(Int)
    /// After a bad header, searching for the next `Content-Length`. `cut`: the beginning of this line was dropped.
    case searching(cut: Bool)
    case ended
  }

  /// The bytes that `Frame.message` points into.
  public private(set) var bytes: [UInt8] = []
  /// The framing that was given or that the first byte decided; `nil` before that.
  public private(set) var framing: Framing?

  private let limit: Int
  private var state = State.start
  /// The first byte that has not been returned or skipped.
  private var start = 0
  /// There is no line feed between `start` and this offset.
  private var searched = 0
  private var inputEnded = false

  /// The longest header line. Those of real clients are below 100 bytes.
  private static let headerLineBytes = 8_192
  /// How many bytes at the end of a line are searched for a header.
  private static let searchedTail = 256
  /// The largest length that is believed: skipping more than 4 GiB would swallow every later message.
  private static let credibleLength = 1 << 32
  /// A larger buffer is freed once it is empty.
  private static let keptBytes = 1 << 20

  /// A decoder before the first byte of a stream.
  ///
  /// - Parameters:
  ///   - framing: `nil` lets the first byte decide.
  ///   - limit: the longest message in bytes.
  public init(framing: Framing? = nil, limit: Int = Limits().messageBytes) {
    self.framing = framing
    self.limit = limit
  }

  /// Adds the next chunk. Ranges of earlier frames are invalid afterwards.
  public mutating func append(_ chunk: borrowing Span<UInt8>) {
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptBytes)
      (start, searched) = (0, 0)
    } else if start > bytes.count / 2 {
      // Fewer bytes move than were consumed since the last time, so the cost stays linear.
      bytes.removeSubrange(..<start)
      (start, searched) = (0, max(0, searched - start))
    }
    chunk.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
  }

  /// Marks the end of the input; `next` then returns the remaining frames.
  public mutating func finish() {
    inputEnded = true
  }

  /// The next frame, or `nil` until more bytes come.
  public mutating func next() -> Frame? {
    while true {
      switch state {
      case .start:
        guard passByteOrderMark() else { return nil }
        state = .undecided
      case .undecided:
        while start < bytes.count, Self.isSpace(bytes[start]) { start += 1 }
        guard start < bytes.count else { return nil }
        let decided = framing ?? (Self.isLetter(bytes[start]) ? .header : .line)
        framing = decided
        state = decided == .line ? .line : .header(length: nil, isEmpty: true)
      case .line:
        guard let end = lineEnd() else {
          // One more than the limit, because the last byte may be the CR of a CRLF.
          guard bytes.count - start > limit + 1 else { return nil }
          state = .skippingLine
          return .fault(.tooLong)
        }
        let line = line(upTo: end)
        pass(lineEndingAt: end)
        // Checked before `isBlank`, as for a line whose beginning alone was too long.
        if line.count > limit { return .fault(.tooLong) }
        if isBlank(line) { continue }
        return .message(line)
      case .skippingLine:
        guard let end = lineEnd() else {
          start = bytes.count
          return nil
        }
        pass(lineEndingAt: end)
        state = .line
      case .header(let length, let isEmpty):
        if let fault = readHeaderLine(length: length, isEmpty: isEmpty) { return .fault(fault) }
        if case .header = state, lineEnd() == nil {
          guard inputEnded, case .header(_, isEmpty: false) = state else { return nil }
          state = .ended
          return .fault(.truncated)
        }
      case .body(let length):
        guard bytes.count - start >= length else {
          guard inputEnded else { return nil }
          state = .ended
          return .fault(.truncated)
        }
        let body = start..<start + length
        start = body.upperBound
        state = .header(length: nil, isEmpty: true)
        return .message(body)
      case .skippingBody(let left):
        let passed = min(left, bytes.count - start)
        start += passed
        guard passed == left else {
          state = .skippingBody(left - passed)
          return nil
        }
        state = .header(length: nil, isEmpty: true)
      case .searching(let cut):
        guard search(cut: cut) else { return nil }
      case .ended:
        start = bytes.count
        return nil
      }
    }
  }

  // MARK: - Lines

  /// Skips a byte order mark; `false` until there are enough bytes to know.
  private mutating func passByteOrderMark() -> Bool {
    for (index, byte) in [0xEF, 0xBB, 0xBF].enumerated() {
      guard start + index < bytes.count else { return inputEnded }
      guard bytes[start + index] == byte else { return true }
    }
    start += 3
    return true
  }

  /// The offset of the line feed behind `start`; at the end of the input, the end of a line that has begun.
  private mutating func lineEnd() -> Int? {
    searched = max(searched, start)
    let found = bytes.withUnsafeBufferPointer { buffer -> Int? in
      guard let base = buffer.baseAddress, searched < buffer.count,
        let place = memchr(base + searched, 0x0A, buffer.count - searched)
      else { return nil }
      return UnsafeRawPointer(place) - UnsafeRawPointer(base)
    }
    searched = found ?? bytes.count
    return found ?? (inputEnded && start < bytes.count ? bytes.count : nil)
  }

  /// The line at `start` without its CR.
  private func line(upTo end: Int) -> Range<Int> {
    end > start && bytes[end - 1] == 0x0D ? start..<end - 1 : start..<end
  }

  private mutating func pass(lineEndingAt end: Int) {
    start = min(end + 1, bytes.count)
  }

  private func isBlank(_ range: Range<Int>) -> Bool {
    range.allSatisfy { Self.isSpace(bytes[$0]) }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
  }

  // MARK: - Headers

  /// Reads one line of a header, if it is complete, and returns its fault.
  private mutating func readHeaderLine(length: Int?, isEmpty: Bool) -> FrameFault? {
    let end = lineEnd()
    guard (end ?? bytes.count) - start <= Self.headerLineBytes else {
      state = .searching(cut: false)
      return .badLength
    }
    guard let end else { return nil }
    let line = line(upTo: end)
    pass(lineEndingAt: end)
    if isBlank(line) {
      if isEmpty { return nil }
      guard let length else {
        state = .searching(cut: false)
        return .badLength
      }
      state = length > limit ? .skippingBody(length) : .body(length)
      return length > limit ? .tooLong : nil
    }
    guard let value = contentLengthValue(line) else {
      state = .header(length: length, isEmpty: false)
      return nil
    }
    guard let read = number(value), read == length ?? read else {
      state = .searching(cut: false)
      return .badLength
    }
    state = .header(length: read, isEmpty: false)
    return nil
  }

  /// Searches the next line for a header; `false` until more bytes come.
  ///
  /// A body has no line feed at its end, so behind a message with an unreadable length the next header ends a line instead
  /// of starting one. A line that ends in `Content-Length: 83` is taken for a header; JSON text cannot contain such a line
  /// end, because a string cannot contain a line feed.
  private mutating func search(cut: Bool) -> Bool {
    guard let end = lineEnd(), end < bytes.count else {
      if bytes.count - start > Self.searchedTail {
        start = bytes.count - Self.searchedTail
        state = .searching(cut: true)
      }
      return false
    }
    let line = line(upTo: end)
    if !cut, end - start <= Self.searchedTail, contentLengthValue(line) != nil {
      state = .header(length: nil, isEmpty: true)
    } else if let header = headerAtEnd(of: max(start, end - Self.searchedTail)..<line.upperBound) {
      start = header
      state = .header(length: nil, isEmpty: true)
    } else {
      pass(lineEndingAt: end)
      state = .searching(cut: false)
    }
    return true
  }

  /// The start of a `Content-Length: digits` at the end of the range.
  private func headerAtEnd(of range: Range<Int>) -> Int? {
    guard let colon = range.last(where: { bytes[$0] == UInt8(ascii: ":") }), number(colon + 1..<range.upperBound) != nil
    else { return nil }
    var end = colon
    while end > range.lowerBound, Self.isSpace(bytes[end - 1]) { end -= 1 }
    let name = end - Self.contentLength.utf8CodeUnitCount
    return name >= range.lowerBound && isContentLength(name..<end) ? name : nil
  }

  /// The range of the value, if the line is a `Content-Length` header.
  private func contentLengthValue(_ line: Range<Int>) -> Range<Int>? {
    guard let colon = line.first(where: { bytes[$0] == UInt8(ascii: ":") }) else { return nil }
    return isContentLength(trimmed(line.lowerBound..<colon)) ? colon + 1..<line.upperBound : nil
  }

  private static let contentLength: StaticString = "content-length"

  private func isContentLength(_ range: Range<Int>) -> Bool {
    guard range.count == Self.contentLength.utf8CodeUnitCount else { return false }
    // 0x20 makes a letter lower case and leaves the hyphen as it is.
    return range.indices.allSatisfy {
      bytes[$0] | 0x20 == Self.contentLength.utf8Start[$0 - range.lowerBound]
    }
  }

  private func trimmed(_ range: Range<Int>) -> Range<Int> {
    var range = range
    while let first = range.first, Self.isSpace(bytes[first]) { range = first + 1..<range.upperBound }
    while let last = range.last, Self.isSpace(bytes[last]) { range = range.lowerBound..<last }
    return range
  }

  /// A length: digits only, up to `credibleLength`.
  private func number(_ range: Range<Int>) -> Int? {
    let range = trimmed(range)
    guard !range.isEmpty else { return nil }
    var value = 0
    for index in range {
      let digit = bytes[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
      // Checked at each digit, so that it cannot overflow.
      guard value <= Self.credibleLength else { return nil }
    }
    return value
  }
}

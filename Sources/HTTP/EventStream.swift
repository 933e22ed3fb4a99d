/// Decodes server-sent events (the `text/event-stream` of the HTML standard) from chunks of bytes.
public struct EventStream: Sendable {
  /// One event.
  public struct Event: Sendable, Equatable {
    /// The `event` field; empty where there is none.
    public var name: String
    /// The `data` lines, joined by line feeds.
    public var data: [UInt8]
    /// Whether the data was longer than the limit; then `data` is empty.
    public var isTooLong = false
  }

  private var line: [UInt8] = []
  private var name = ""
  private var data: [UInt8] = []
  private var hasData = false
  private var skipsLineFeed = false
  private var lineIsTooLong = false
  private var isTooLong = false
  private let limit: Int
  /// Room in a line for the name of its field, which does not count as data.
  private static let fieldBytes = 64

  /// - Parameter limit: bytes of data of one event; longer data is not held in memory.
  public init(limit: Int = .max) {
    self.limit = limit
  }

  /// Takes the next bytes, cut anywhere, and returns the events that they complete.
  public mutating func append(_ bytes: borrowing Span<UInt8>) -> [Event] {
    var events: [Event] = []
    for index in 0..<bytes.count {
      let byte = bytes[index]
      if byte == 0x0A, skipsLineFeed {
        skipsLineFeed = false
        continue
      }
      skipsLineFeed = byte == 0x0D
      guard byte == 0x0A || byte == 0x0D else {
        if line.count - Self.fieldBytes < limit {
          line.append(byte)
        } else {
          lineIsTooLong = true
        }
        continue
      }
      if let event = endLine() { events.append(event) }
    }
    return events
  }

  /// Ends the stream. Contrary to the standard, an event without its final blank line counts: it was paid for.
  public mutating func finish() -> [Event] {
    var events: [Event] = []
    if !line.isEmpty, let event = endLine() { events.append(event) }
    if let event = dispatch() { events.append(event) }
    return events
  }

  private mutating func endLine() -> Event? {
    defer { (line, lineIsTooLong) = ([], false) }
    if line.isEmpty { return dispatch() }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let field = String(decoding: line[..<colon], as: UTF8.self)
    var value = line[(colon + 1)...]
    if value.first == 0x20 { value.removeFirst() }
    switch field {
    case "event": name = String(decoding: value, as: UTF8.self)
    case "data":
      if lineIsTooLong || value.count + (hasData ? 1 : 0) > limit - data.count { (data, isTooLong) = ([], true) }
      if isTooLong {
        hasData = true
        return nil
      }
      if hasData { data.append(0x0A) }
      hasData = true
      data += value
    default: break
    }
    return nil
  }

  private mutating func dispatch() -> Event? {
    defer { (name, data, hasData, isTooLong) = ("", [], false, false) }
    return hasData ? Event(name: name, data: data, isTooLong: isTooLong) : nil
  }
}

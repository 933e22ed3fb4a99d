/// Reads server-sent events (the `text/event-stream` of the HTML standard) from bytes as they come.
struct EventStream: Sendable {
  /// One event; `data` without the line breaks that only separated its lines.
  struct Event: Sendable, Equatable {
    var name: String
    var data: [UInt8]
  }

  private var line: [UInt8] = []
  private var name = ""
  private var data: [UInt8] = []
  private var hasData = false
  private var skipsLineFeed = false

  /// Takes bytes in, cut anywhere, and gives the events that are whole.
  mutating func append(_ bytes: borrowing Span<UInt8>) -> [Event] {
    var events: [Event] = []
    for index in 0..<bytes.count {
      let byte = bytes[index]
      if byte == 0x0A, skipsLineFeed {
        skipsLineFeed = false
        continue
      }
      skipsLineFeed = byte == 0x0D
      guard byte == 0x0A || byte == 0x0D else {
        line.append(byte)
        continue
      }
      if let event = endLine() { events.append(event) }
    }
    return events
  }

  /// The stream is over: an event whose blank line is missing counts all the same, since it was paid for.
  mutating func finish() -> [Event] {
    var events: [Event] = []
    if !line.isEmpty, let event = endLine() { events.append(event) }
    if let event = dispatch() { events.append(event) }
    return events
  }

  private mutating func endLine() -> Event? {
    defer { line.removeAll(keepingCapacity: true) }
    if line.isEmpty { return dispatch() }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let field = String(decoding: line[..<colon], as: UTF8.self)
    var value = line[(colon + 1)...]
    if value.first == 0x20 { value.removeFirst() }
    switch field {
    case "event": name = String(decoding: value, as: UTF8.self)
    case "data":
      if hasData { data.append(0x0A) }
      hasData = true
      data += value
    default: break
    }
    return nil
  }

  private mutating func dispatch() -> Event? {
    defer { (name, data, hasData) = ("", [], false) }
    return hasData ? Event(name: name, data: data) : nil
  }
}

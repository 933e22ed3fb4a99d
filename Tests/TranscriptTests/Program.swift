import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The real binary with pipes for stdin and stdout, in one framing.
final class Program {
  struct Trouble: Error {
    var message: String
  }

  private let process: pid_t
  private let input: Int32
  private let output: Int32
  private let hasHeaders: Bool
  private var unread: [UInt8] = []

  /// - Parameter home: a folder of its own; nothing else of this environment is seen.
  init(_ path: String, arguments: [String], home: String, framing: String) throws {
    signal(SIGPIPE, SIG_IGN)
    var (toIt, fromIt): ([Int32], [Int32]) = ([0, 0], [0, 0])
    guard pipe(&toIt) == 0, pipe(&fromIt) == 0 else { throw Trouble(message: "no pipe") }
    for end in toIt + fromIt { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toIt[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromIt[1], 1)
    var words: [UnsafeMutablePointer<CChar>?] = []
    for text in [path] + arguments { words.append(strdup(text)) }
    var variables: [UnsafeMutablePointer<CChar>?] = []
    for text in ["HOME=\(home)", "PATH=/usr/bin:/bin"] { variables.append(strdup(text)) }
    defer { for text in words + variables { free(text) } }
    words.append(nil)
    variables.append(nil)
    var process: pid_t = 0
    let status = posix_spawn(&process, path, &actions, nil, &words, &variables)
    for end in [toIt[0], fromIt[1]] { close(end) }
    guard status == 0 else { throw Trouble(message: "\(path) cannot be started: build the product imagewire first") }
    self.process = process
    input = toIt[1]
    output = fromIt[0]
    hasHeaders = framing == "header"
  }

  deinit {
    close(input)
    close(output)
  }

  /// Sends text in a frame.
  func send(_ text: String) {
    send(bytes: hasHeaders ? "Content-Length: \(text.utf8.count)\r\n\r\n\(text)" : "\(text)\n")
  }

  /// Sends text as it is.
  func send(bytes text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// The next message; `nil` at the end of output. Waits no longer than a minute.
  func receive() throws -> JSONValue? {
    while true {
      if let frame = try nextFrame() { return try JSONValue(parsing: frame) }
      var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&descriptor, 1, 60_000) > 0 else { throw Trouble(message: "nothing is said any more") }
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let count = chunk.withUnsafeMutableBytes { read(output, $0.baseAddress, $0.count) }
      if count <= 0 {
        guard unread.isEmpty else {
          throw Trouble(message: "a frame was cut: \(String(decoding: unread, as: UTF8.self))")
        }
        return nil
      }
      unread += chunk[..<count]
    }
  }

  /// Exactly what we write: a line that ends in LF, or one header and the body.
  private func nextFrame() throws -> [UInt8]? {
    guard let end = unread.firstIndex(of: 0x0A) else { return nil }
    guard hasHeaders else {
      defer { unread.removeFirst(end + 1) }
      return Array(unread[..<end])
    }
    let head = String(decoding: unread[...end], as: UTF8.self)
    guard head.hasPrefix("Content-Length: "), head.hasSuffix("\r\n"),
      let length = Int(head.dropFirst("Content-Length: ".count).dropLast(1))
    else { throw Trouble(message: "this is no header: \(head)") }
    guard unread.count >= end + 3 + length else { return nil }
    guard unread[(end + 1)...(end + 2)].elementsEqual("\r\n".utf8) else { throw Trouble(message: "two headers") }
    defer { unread.removeFirst(end + 3 + length) }
    return Array(unread[(end + 3)..<(end + 3 + length)])
  }

  /// Ends the input, and gives back the exit status; whatever is still said is handed over.
  func finish() throws -> (status: Int32, said: [JSONValue]) {
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    dup2(nowhere, input)
    close(nowhere)
    var said: [JSONValue] = []
    while let message = try receive() { said.append(message) }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    return (status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F), said)
  }

  /// Ends it whatever it does.
  func kill() {
    #if canImport(Darwin)
      _ = Darwin.kill(process, SIGKILL)
    #elseif canImport(Glibc)
      _ = Glibc.kill(process, SIGKILL)
    #else
      _ = Musl.kill(process, SIGKILL)
    #endif
    var status: Int32 = 0
    waitpid(process, &status, 0)
  }
}

func exists(_ path: String) -> Bool { access(path, R_OK) == 0 }

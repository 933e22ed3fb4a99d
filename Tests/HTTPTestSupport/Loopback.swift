import JSON
import Threads

@testable import HTTP

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A server of the fixture `wavespeed.py`; ends with this object.
final class Loopback: Sendable {
  let port: Int
  let outputPort: Int
  private let admin = HTTPClient(environment: ProxyEnvironment(variable: { _ in nil }))

  var url: String { "http://127.0.0.1:\(port)" }
  var outputURL: String { "http://127.0.0.1:\(outputPort)" }

  init(_ script: JSONValue? = nil) throws {
    (port, outputPort) = try LoopbackProcess.shared.open()
    if let script { self.script(script) }
  }

  deinit {
    admin.close()
    LoopbackProcess.shared.end(port)
  }

  func script(_ script: JSONValue) { _ = ask("/_/script", script) }
  func release() { _ = ask("/_/release", [:]) }

  func requests(atLeast count: Int = 0) -> [JSONValue] {
    ask("/_/log?at_least=\(count)", nil)["requests"]?.array ?? []
  }

  func requests(_ endpoint: String) -> [JSONValue] {
    requests().filter { $0["endpoint"]?.string == endpoint }
  }

  /// The number of paid requests.
  var posts: Int { requests("submit").count }

  private func ask(_ path: String, _ body: JSONValue?) -> JSONValue {
    let request = HTTPRequest(url: url + path, body: body?.serialized, limits: .init(total: 30_000))
    guard case .success(let response) = admin.ask(request), response.status == 200 else {
      fatalError("the fixture did not answer \(path)")
    }
    return (try? JSONValue(parsing: response.body)) ?? .null
  }
}

/// The process of all servers. It ends with this process, which closes its stdin.
private final class LoopbackProcess: Sendable {
  static let shared = LoopbackProcess()

  private struct Pipes {
    let input: Int32
    let output: Int32
  }

  /// Nil where Python cannot be started. The lock is held for a command and its answer together.
  private let pipes: Protected<Pipes?>

  private init(file: String = #filePath) {
    let fixture = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    pipes = Protected(Self.start("\(fixture)/Fixtures/wavespeed.py"))
  }

  func open() throws -> (port: Int, outputPort: Int) {
    let line: [UInt8] = pipes.withLock { pipes in
      guard let pipes else { return [] }
      Self.say("open\n", to: pipes)
      var line: [UInt8] = []
      var byte: UInt8 = 0
      while read(pipes.output, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
      return line
    }
    let ready = try JSONValue(parsing: line)
    guard let port = ready["port"]?.int64, let outputPort = ready["output_port"]?.int64 else {
      throw LoopbackError.text("python3 could not be started")
    }
    return (Int(port), Int(outputPort))
  }

  func end(_ port: Int) {
    pipes.withLock { pipes in
      if let pipes { Self.say("close \(port)\n", to: pipes) }
    }
  }

  private static func say(_ line: String, to pipes: Pipes) {
    let bytes = Array(line.utf8)
    _ = write(pipes.input, bytes, bytes.count)
  }

  private static func start(_ script: String) -> Pipes? {
    guard let toChild = openPipe(), let fromChild = openPipe() else { return nil }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toChild.read, 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild.write, 1)
    let words = ["python3", "-I", "-S", script, "--many"]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let result = posix_spawnp(&child, "python3", &actions, nil, &arguments, environ)
    close(toChild.read)
    close(fromChild.write)
    guard result == 0 else { return nil }
    // Exit tests wait for whichever child of this process ends first: one that nobody reaps would hide all others from them.
    startThread { [child] in
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
    }
    return Pipes(input: toChild.write, output: fromChild.read)
  }

  /// Other children must not inherit these, or the fixture would not end.
  private static func openPipe() -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }
}

enum LoopbackError: Error { case text(String) }

/// A key that can be found in any output.
let secret = "wsk_SECRETsecret0123456789"

func wallMilliseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}

/// A client with these environment variables only.
func client(_ variables: [String: String] = [:], connectsAfresh: Bool = true) -> HTTPClient {
  HTTPClient(environment: ProxyEnvironment(variable: { variables[$0] }, connectsAfresh: connectsAfresh))
}

/// Calls a function with a completion, and waits for its answer.
func wait<Answer: Sendable>(for start: (@escaping @Sendable (Answer) -> Void) -> Void) -> Answer {
  let box = Protected<[Answer]>([])
  start { answer in box.signal { $0.append(answer) } }
  guard let answer = box.wait(atMost: 60_000, until: { $0.first }) else { fatalError("no answer in a minute") }
  return answer
}

extension HTTPClient {
  func ask(_ request: HTTPRequest) -> Result<HTTPResponse, HTTPFailure> {
    wait { send(request, completion: $0) }
  }
}

import JSON
import Threads

@testable import HTTP

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The fixture `wavespeed.py` in a process of its own, which ends when this object does.
final class Loopback: Sendable {
  let port: Int
  let outputPort: Int
  private let input: Int32
  private let process: pid_t
  private let admin = HTTPClient(environment: ProxyEnvironment(variable: { _ in nil }))

  var url: String { "http://127.0.0.1:\(port)" }
  var outputURL: String { "http://127.0.0.1:\(outputPort)" }

  init(_ script: JSONValue? = nil, file: String = #filePath) throws {
    let fixture = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    let (toChild, fromChild) = (try Self.openPipe(), try Self.openPipe())
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toChild.read, 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild.write, 1)
    var arguments =
      (["python3", "-I", "-S", "\(fixture)/Fixtures/wavespeed.py", "--port", "0"] as [String]).map { strdup($0) } + [
        nil
      ]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let result = posix_spawnp(&child, "python3", &actions, nil, &arguments, environ)
    close(toChild.read)
    close(fromChild.write)
    guard result == 0 else { throw LoopbackError.text("python3 could not be started: \(result)") }
    process = child
    input = toChild.write
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(fromChild.read, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
    close(fromChild.read)
    let ready = try JSONValue(parsing: line)
    port = Int(ready["port"]?.int64 ?? 0)
    outputPort = Int(ready["output_port"]?.int64 ?? 0)
    if let script { self.script(script) }
  }

  deinit {
    admin.close()
    close(input)
    kill(process, SIGTERM)
    var status: Int32 = 0
    waitpid(process, &status, 0)
  }

  /// No other child may inherit these, or the fixture would outlive us.
  private static func openPipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw LoopbackError.text("no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  func script(_ script: JSONValue) { _ = ask("/_/script", script) }
  func release() { _ = ask("/_/release", [:]) }

  func requests(atLeast count: Int = 0) -> [JSONValue] {
    ask("/_/log?at_least=\(count)", nil)["requests"]?.array ?? []
  }

  func requests(_ endpoint: String) -> [JSONValue] {
    requests().filter { $0["endpoint"]?.string == endpoint }
  }

  /// How many times money was spent.
  var posts: Int { requests("submit").count }

  private func ask(_ path: String, _ body: JSONValue?) -> JSONValue {
    let request = HTTPRequest(url: url + path, body: body?.serialized, limits: .init(total: 30_000))
    guard case .success(let response) = admin.ask(request), response.status == 200 else {
      fatalError("the fixture did not answer \(path)")
    }
    return (try? JSONValue(parsing: response.body)) ?? .null
  }
}

enum LoopbackError: Error { case text(String) }

/// A key that would be noticed anywhere.
let secret = "wsk_SECRETsecret0123456789"

func wallMilliseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}

/// A client that knows no variables but these.
func client(_ variables: [String: String] = [:], connectsAfresh: Bool = true) -> HTTPClient {
  HTTPClient(environment: ProxyEnvironment(variable: { variables[$0] }, connectsAfresh: connectsAfresh))
}

/// Starts something that answers by a completion and waits for the answer.
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

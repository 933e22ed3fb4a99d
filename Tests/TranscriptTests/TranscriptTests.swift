import JSON
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The golden transcripts, replayed against the real binary. Python judges every message by the schemas as well
/// (Tests/ProgramTests/test_transcripts.py), Node replays them too (clients/node/test).
@Suite("Golden transcripts", .serialized)
struct TranscriptTests {
  private static let root = String(#filePath.dropLast("Tests/TranscriptTests/TranscriptTests.swift".count))
  /// The binary that was built with these tests, unless `IMAGEWIRE` names another one.
  private static var binary: String {
    getenv("IMAGEWIRE").map { String(cString: $0) } ?? "\(root).build/debug/imagewire"
  }

  static let all: [Transcript] = {
    var transcripts: [Transcript] = []
    for name in names(in: "\(root)schemas/examples") where name.hasSuffix(".jsonl") {
      do {
        transcripts.append(
          try Transcript(name: String(name.dropLast(6)), text: contents("\(root)schemas/examples/\(name)")))
      } catch {
        Issue.record("\(name) cannot be read: \(error)")
      }
    }
    return transcripts.sorted { $0.name < $1.name }
  }()

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  private static func remove(_ path: String) {
    if unlink(path) == 0 { return }
    for name in names(in: path) { remove("\(path)/\(name)") }
    rmdir(path)
  }

  private static func contents(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = getc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func thereAreSome() {
    #expect(Self.all.count > 10)
  }

  @Test("the program says what the transcript says", arguments: all, ["line", "header"])
  func replay(transcript: Transcript, framing: String) throws {
    guard transcript.framings.contains(framing) else { return }
    var template = Array("/tmp/imagewire-transcript.XXXXXX".utf8CString)
    let home = String(cString: try #require(mkdtemp(&template)))
    defer { Self.remove(home) }
    var bindings = Bindings(folder: home)
    let program = try Program(Self.binary, arguments: transcript.arguments, home: home, framing: framing)
    do {
      try converse(transcript.lines, with: program, &bindings)
    } catch {
      program.kill()
      throw error
    }
    let end = try program.finish()
    #expect(end.status == transcript.exitStatus)
    #expect(end.said.map(\.text) == [])
  }

  private func converse(_ lines: [Transcript.Line], with program: Program, _ bindings: inout Bindings) throws {
    /// A message that was no repetition, and is the next line's.
    var kept: JSONValue?
    for line in lines {
      switch line {
      case .client(let message): program.send(bindings.filled(message).text)
      case .text(let text): program.send(text)
      case .bytes(let bytes): program.send(bytes: bytes)
      case .server(let expected):
        let message = try #require(try kept ?? program.receive(), "it ended")
        kept = nil
        if let difference = bindings.difference(expected, message) { throw Program.Trouble(message: difference) }
      case .serverMay(let expected):
        while kept == nil {
          let message = try #require(try program.receive(), "it ended")
          if bindings.difference(expected, message) != nil { kept = message }
        }
      }
    }
  }
}

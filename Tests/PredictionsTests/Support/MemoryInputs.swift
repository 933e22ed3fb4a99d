import Predictions
import Threads

/// Input files in memory, by path. Records which paths were opened.
final class MemoryInputs: InputStore {
  struct State {
    var files: [String: [UInt8]] = [:]
    var opened: [String] = []
  }

  let state = Protected(State())

  subscript(path: String) -> String? {
    get { state.withLock { $0.files[path].map { String(decoding: $0, as: UTF8.self) } } }
    set { state.withLock { $0.files[path] = newValue.map { Array($0.utf8) } } }
  }

  var opened: [String] { state.withLock { $0.opened } }

  func isFile(_ path: String) -> Bool { state.withLock { $0.files[path] != nil } }

  func open(_ file: OutputFile, atMost limit: Int64) throws(InputError) -> any InputFile {
    let input = try open(file.path, atMost: limit)
    guard input.bytes == file.bytes else { throw .notAsSaved }
    return input
  }

  func openAny(_ path: String, atMost limit: Int64) throws(InputError) -> any InputFile {
    try open(path, atMost: limit)
  }

  /// Agents may read what is below `/in`.
  func openForAgent(_ path: String, isNew: Bool, atMost limit: Int64) throws(InputError) -> AgentInput {
    guard !isNew || path.hasPrefix("/in/") else { throw .outside }
    return AgentInput(path: path, file: try open(path, atMost: limit))
  }

  func open(_ path: String, atMost limit: Int64) throws(InputError) -> any InputFile {
    let bytes = state.withLock { state in
      state.opened.append(path)
      return state.files[path]
    }
    guard let bytes else { throw .unreadable(reason: "no such file or directory") }
    guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
    return MemoryInput(name: String(path.split(separator: "/").last ?? ""), content: bytes) { [state] in
      state.withLock { $0.files[path] } == bytes
    }
  }
}

private struct MemoryInput: InputFile {
  let name: String
  let content: [UInt8]
  let isSame: @Sendable () -> Bool

  var mediaType: String { "image/png" }
  var bytes: Int64 { Int64(content.count) }
  var isUnchanged: Bool { isSame() }

  func read(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    let rest = content[min(Int(offset), content.count)...].prefix(buffer.count)
    buffer.copyBytes(from: rest)
    return rest.count
  }
}

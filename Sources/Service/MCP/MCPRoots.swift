internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// The requests for the roots of a host, whose answers count only for the last one. Pure.
struct MCPRoots: Sendable {
  /// More are ignored.
  static let limit = 32

  private static let prefix = "imagewire-roots-"
  private var last = 0
  private var isOpen = false

  /// Begins a request.
  ///
  /// - Returns: its id.
  mutating func begin() -> String {
    last += 1
    isOpen = true
    return "\(Self.prefix)\(last)"
  }

  /// Whether an answer is that to the last request, which is then over.
  mutating func takes(_ id: String) -> Bool {
    guard isOpen, id == "\(Self.prefix)\(last)" else { return false }
    isOpen = false
    return true
  }

  /// The paths in a `ListRootsResult`, those of files on this machine; `nil` where it is none.
  static func paths(in result: JSONValue?) -> [String]? {
    result?["roots"]?.array?.compactMap { root in
      root["uri"]?.string.flatMap(FileURL.path).flatMap { SafeText.isName($0) ? $0 : nil }
    }.prefix(limit).map(\.self)
  }
}

extension Service {
  /// Whether images may be files of this machine.
  var takesFiles: Bool { host.adoptRoots != nil || !inputFolders.names.isEmpty }

  /// Asks the host for its roots, where the user lets agents read them. Up to 2025-11-25 that is a request of ours.
  func askForRoots() {
    guard host.adoptRoots != nil, mcp.capabilities.hasRoots, !mcp.isAtEnd else { return }
    request(.roots, id: roots.withLock { $0.begin() })
  }

  /// Adopts the roots of an answer.
  ///
  /// - Returns: whether it is the answer to our request.
  func hearRoots(_ response: Response) -> Bool {
    guard let id = response.id.value.string, roots.withLock({ $0.takes(id) }) else { return false }
    adoptRoots(in: response.result)
    return true
  }

  /// Begins to adopt the roots of a `ListRootsResult`.
  fileprivate func adoptRoots(in result: JSONValue?) {
    guard let adopt = host.adoptRoots, let paths = MCPRoots.paths(in: result) else { return }
    adoptions.begin { adopt(paths) }
  }
}

extension MCPCall {
  /// Where a call of the stateless revision names a file that may be in a root, asks for the roots: the call ends, and the client
  /// makes it again with them. Adopts those that a call brings.
  ///
  /// - Returns: whether the call is over.
  func endsWithRequestForRoots() -> Bool {
    guard revision.isStateless, service.host.adoptRoots != nil else { return false }
    if let brought = answer(to: "roots") {
      service.adoptRoots(in: brought)
      return false
    }
    let inputs = service.inputFolders
    guard context.capabilities.hasRoots, files.contains(where: { !inputs.contains($0) }) else { return false }
    needs("roots", .roots)
    return true
  }

  /// Runs a body after the roots are adopted that arrived before this call, if it names a file. After the end of input nobody
  /// waits for that.
  ///
  /// - Parameter body: gets whether the input has ended meanwhile; not run where the call is over.
  func afterAdoptions(_ body: @escaping @Sendable (_ isAtEnd: Bool) -> Void) {
    guard service.host.adoptRoots != nil, !files.isEmpty else { return body(false) }
    service.adoptions.after { [self] in
      if !isOver { body(service.mcp.isAtEnd) }
    }
  }

  /// The paths among its arguments for images that are in no directory of outputs.
  private var files: [String] {
    let arguments = params["arguments"]
    let outputs = service.folders
    return ["images", "reference_images", "mask", "id"].flatMap { name -> [String] in
      let values = arguments?[name]?.array ?? arguments?[name].map { [$0] } ?? []
      return values.compactMap { value -> String? in
        guard let text = value.string, let path = FileURL.path(text) ?? (text.hasPrefix("/") ? text : nil) else {
          return nil
        }
        return outputs.contains(path) ? nil : path
      }
    }
  }
}

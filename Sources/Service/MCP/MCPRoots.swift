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
    request("roots/list", id: roots.withLock { $0.begin() }) { json in
      json.beginObject()
      json.endObject()
    }
  }

  /// Adopts the roots of an answer.
  ///
  /// - Returns: whether it is the answer to our request.
  func hearRoots(_ response: Response) -> Bool {
    guard let id = response.id.value.string, roots.withLock({ $0.takes(id) }) else { return false }
    if let paths = MCPRoots.paths(in: response.result) { host.adoptRoots?(paths) }
    return true
  }
}

extension MCPCall {
  /// Where a call of the stateless revision names a file that may be in a root, asks for the roots: the call ends, and the client
  /// makes it again with them. Adopts those that a call brings.
  ///
  /// - Returns: whether the call is over.
  func endsWithRequestForRoots() -> Bool {
    guard revision.isStateless, let adopt = service.host.adoptRoots else { return false }
    if let brought = params["inputResponses"]?["roots"] {
      if let paths = MCPRoots.paths(in: brought) { adopt(paths) }
      return false
    }
    guard context.capabilities.hasRoots, namesUnknownFile else { return false }
    result(type: "input_required") { json in
      json.name("inputRequests")
      json.beginObject()
      json.name("roots")
      json.beginObject()
      json.name("method")
      json.value("roots/list")
      json.endObject()
      json.endObject()
    }
    return true
  }

  /// Whether an argument for images is a path in no directory that agents may use.
  private var namesUnknownFile: Bool {
    let arguments = params["arguments"]
    let (inputs, outputs) = (service.inputFolders, service.folders)
    return ["images", "reference_images", "mask", "id"].contains { name in
      let values = arguments?[name]?.array ?? arguments?[name].map { [$0] } ?? []
      return values.contains { value in
        guard let text = value.string, let path = FileURL.path(text) ?? (text.hasPrefix("/") ? text : nil) else {
          return false
        }
        return !inputs.contains(path) && !outputs.contains(path)
      }
    }
  }
}

internal import Encoding
internal import JSONRPC
internal import Predictions

/// An image as an agent names it.
enum MCPImageName: Sendable, Equatable {
  /// An output of one of its predictions.
  case output(OutputReference)
  /// A file of this machine, in a directory that agents may read; its absolute path.
  case file(String)

  /// What stands for it in an input.
  var text: String {
    switch self {
    case .output(let reference): reference.text
    case .file(let path): "@\(path)"
    }
  }
}

extension MCPAgent {
  /// The image that an agent names: `ID` for the first file of a prediction, `ID/2`, an address of a resource, the path of an
  /// answer, or a file. A path may be a `file:` URL.
  ///
  /// - Parameters:
  ///   - outputs: where files of predictions may be.
  ///   - inputs: where other files may be.
  func imageName(
    _ name: String, in member: String, outputs: MCPFolders, inputs: MCPFolders
  ) throws(RPCError) -> MCPImageName {
    if let reference = OutputReference(name) { return .output(reference) }
    let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    if let id = PredictionID(String(parts[0])) {
      guard parts.count == 2 else {
        let files = (try? snapshot(id))?.prediction.visibleFiles ?? []
        return .output(OutputReference(id, (files.first { $0.kind == .image } ?? files.first)?.index ?? 1))
      }
      if let output = Int(parts[1]), 1...Prediction.savedOutputs ~= output {
        return .output(OutputReference(id, output))
      }
    }
    guard let path = FileURL.path(name) ?? (name.hasPrefix("/") ? name : nil), SafeText.isName(path) else {
      throw .noImage(name, in: member, inputs: inputs)
    }
    let isInput = inputs.contains(path)
    // An input need not be looked for among thousands of outputs.
    if !isInput || outputs.contains(path), let found = output(at: path) { return .output(found) }
    guard isInput else { throw .noImage(name, in: member, inputs: inputs) }
    return .file(path)
  }

  /// The output whose file has this path, among this agent's newest predictions.
  private func output(at path: String) -> OutputReference? {
    var query = ListQuery(limit: 500)
    for _ in 0..<20 {
      guard let page = try? list(query) else { return nil }
      for prediction in page.predictions {
        if let file = prediction.visibleFiles.first(where: { $0.path == path }) {
          return OutputReference(prediction.id, file.index)
        }
      }
      guard let next = page.nextCursor else { return nil }
      query.cursor = next
    }
    return nil
  }
}

extension RPCError {
  /// No image of the agent has this name, and no file that it may read.
  fileprivate static func noImage(_ name: String, in member: String, inputs: MCPFolders) -> RPCError {
    let shown = "\"\(name.prefix(200))\" is no image that these tools made"
    let usual = "Give an id, ID/2 for its second file, or a path from an answer; list_images finds them."
    let isPath = name.contains("/") || FileURL.isMeant(by: name)
    guard !inputs.names.isEmpty else {
      return .invalidParams(member, shown, hint: isPath ? "\(usual) \(howToAllow)" : usual)
    }
    let places = alternatives(inputs.names)
    guard isPath else {
      return .invalidParams(
        member, shown, hint: "\(usual) Of other images give the absolute path, inside \(places).")
    }
    return .invalidParams(
      member, "\(shown), and not inside \(places). Nothing was sent", hint: "\(usual) \(howToAllow)")
  }

  /// How the user lets agents read files.
  private static let howToAllow =
    "Only the user can allow other files: --allow-input DIR in the arguments of imagewire, or allow_input in its config file."

  /// A file that an agent named and that is not sent.
  static func file(_ refusal: PredictionEngine.FileRefusal, in member: String, inputs: MCPFolders) -> RPCError {
    switch refusal {
    case .submit(let error): return .submit(error)
    case .unwanted: return .inputEnded
    case .noUploads(let provider):
      return .invalidParams(
        member, "the provider \"\(provider)\" accepts no files. Nothing was sent", hint: "Give ids of earlier answers.")
    case .file(let path, let error):
      let hint: String? =
        switch error {
        case .outside: "Give a file inside \(alternatives(inputs.names)). \(howToAllow)"
        case .link: "Links are not followed: give the path of the file itself."
        case .notAFile, .empty, .notAnImage: "Give an image file; only images are sent."
        case .tooLarge: "Give a smaller image."
        case .changed, .notAsNamed, .notAsSaved: "Make the call again when the file is finished."
        case .unreadable: "Check the path."
        }
      return .invalidParams(member, sentences("\(path) \(error.reason)", "Nothing was sent"), hint: hint)
    }
  }
}

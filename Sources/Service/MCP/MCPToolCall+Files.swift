internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

// Files of this machine that agents may name; see `MCPImageName`.
extension MCPToolCall {
  /// The image that an agent names; if it is an output, the agent then has its id.
  func imageName(_ name: String, in member: String, of agent: MCPAgent) throws(RPCError) -> MCPImageName {
    let found = try agent.imageName(name, in: member, outputs: service.folders, inputs: service.inputFolders)
    guard case .output(let reference) = found else { return found }
    do throws(StoreError) {
      _ = try agent.snapshot(reference.target)
    } catch {
      // What other agents made does not exist for this one.
      if case .notFound = error { throw .notFound(reference.target.description) }
    }
    service.name(reference.target, of: agent)
    return found
  }

  /// Answers with a small copy of a file.
  func view(fileAt path: String, size: Int) {
    service.pictures.async { [call] in
      let room = min(Service.pictureLimit, call.reply.waitForRoom())
      let copy = call.service.copy(size: size) { $0.thumbnail(ofInput: path, as: $1, completion: $2) }
      var result: MCPToolResult
      switch copy {
      case .failure(let error):
        result = MCPToolResult(text: SafeText(sentences(error.message, error.hint)), isError: true)
      case .success(let copy):
        let picture = MCPToolResult.Picture(base64: Base64.encode(copy.bytes), mediaType: copy.mediaType)
        guard picture.base64.utf8.count <= room else {
          return refuse(
            .invalidParams("size", "the image is too large for an answer", hint: "Give a smaller size."))
        }
        var json = JSONWriter()
        json.beginObject()
        json.name("path")
        json.value(path)
        json.name("note")
        json.value("A file of this machine. Nothing was sent to a provider.")
        json.endObject()
        result = MCPToolResult(text: SafeText(json: json.bytes), pictures: [picture])
      }
      call.result { result.write(to: &$0, for: call.revision) }
    }
  }
}

extension MCPModelChoice {
  /// The same choice with the content of its files in their names, so that no other bytes can be sent.
  ///
  /// - Parameter completion: called on the thread that read them.
  func pinned(_ completion: @escaping @Sendable (Result<MCPModelChoice, RPCError>) -> Void) {
    engine.pin(input.files, while: isWanted) { [self] result in
      completion(
        result.map { texts in
          var choice = self
          choice.input = input.naming(files: texts)
          return choice
        }.mapError { .file($0, in: "images", inputs: inputs) })
    }
  }
}

extension Service {
  /// The directories whose images agents may name.
  var inputFolders: MCPFolders { MCPFolders(host.inputDirectories()) }

  /// What the instructions say of files of this machine; `nil` where none may be named.
  var fileInstructions: String? {
    guard takesFiles else { return nil }
    let names = inputFolders.names + (host.adoptRoots == nil ? [] : ["the roots of this host"])
    let places = names.count > 4 ? alternatives(Array(names.prefix(4))) + " and others" : alternatives(names)
    return "images, mask and reference_images also take the absolute path of an image file inside \(places)."
  }
}

extension MCPTool {
  /// The arguments as they are listed.
  ///
  /// - Parameter takesFiles: whether images may be files of this machine.
  func listed(takesFiles: Bool) -> [ParameterDescription] {
    guard takesFiles else { return parameters }
    return parameters.map { parameter in
      guard let about = Self.aboutFiles[parameter.name], parameter.name != "id" || name == MCPTool.view.name else {
        return parameter
      }
      return ParameterDescription(parameter.name, isRequired: parameter.isRequired) { parameter.schema().about(about) }
    }
  }

  /// The arguments that name images, where they may be files.
  private static let aboutFiles = [
    "images": "ID, ID/2, a path from an answer, or an absolute path inside an allowed directory.",
    "reference_images": "Images to follow: ids of earlier answers, or absolute paths inside an allowed directory.",
    "mask": "An image that marks what to change: ID or a path as in images.",
    "id": "ID, ID/2, a path from an answer, or an absolute path inside an allowed directory.",
  ]
}

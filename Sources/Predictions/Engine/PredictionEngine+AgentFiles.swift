internal import Encoding
internal import JSON
internal import Threads

extension PredictionRequest {
  /// Whether an output may be sent to another account than the one that made it.
  var sharesOutputs: Bool { upload && origin == nil }
}

/// Image files that an agent names, in the directories that the user lets it read. Their bytes are fixed when they are named:
/// the input holds their hash, and other bytes are never sent.
extension PredictionEngine {
  /// Why the files that an agent names cannot be sent. Nothing was sent.
  public enum FileRefusal: Error, Sendable, Equatable {
    /// The provider cannot be used.
    case submit(SubmitError)
    /// The provider accepts no files; its name.
    case noUploads(provider: String)
    /// This file cannot be sent.
    case file(path: String, InputError)
    /// Meanwhile nobody wanted them any more.
    case unwanted
  }

  /// Opens files that an agent names and hashes them, on a thread that may wait for the disk.
  ///
  /// - Parameters:
  ///   - paths: absolute.
  ///   - isWanted: asked before each piece of a file, on that thread; with `false` nothing more is read.
  ///   - completion: gets the strings that stand for them in an input, in the same order; called on that thread.
  public func pin(
    _ paths: [String], while isWanted: @escaping @Sendable () -> Bool = { true },
    completion: @escaping @Sendable (Result<[String], FileRefusal>) -> Void
  ) {
    let limit: Int64
    do throws(SubmitError) {
      let provider = try provider(named: nil)
      guard let service = provider.uploads else { return completion(.failure(.noUploads(provider: provider.name))) }
      limit = service.byteLimit
    } catch {
      return completion(.failure(.submit(error)))
    }
    uploads.async { [self] in
      // Before the first is read: reading takes seconds.
      for path in paths where isWanted() {
        do throws(InputError) {
          _ = try inputs.openForAgent(path, isNew: true, atMost: limit)
        } catch {
          return completion(.failure(.file(path: path, error)))
        }
      }
      pin(paths[...], after: [], atMost: limit, while: isWanted, completion)
    }
  }

  /// One file after another, so that others are read between them.
  private func pin(
    _ paths: ArraySlice<String>, after pinned: [String], atMost limit: Int64,
    while isWanted: @escaping @Sendable () -> Bool,
    _ completion: @escaping @Sendable (Result<[String], FileRefusal>) -> Void
  ) {
    guard isWanted() else { return completion(.failure(.unwanted)) }
    guard let path = paths.first else { return completion(.success(pinned)) }
    uploads.async { [self] in
      do throws(InputError) {
        let input = try inputs.openForAgent(path, isNew: true, atMost: limit)
        let digest = input.file.digest(while: isWanted)
        guard isWanted() else { return completion(.failure(.unwanted)) }
        guard let digest else { throw .unreadable(reason: "its bytes did not come") }
        guard input.file.isUnchanged else { throw .changed }
        let content = FileContent(digest: digest, bytes: input.file.bytes)
        let text = FileReferences.Reference(member: "", path: input.path, content: content).text
        pin(paths.dropFirst(), after: pinned + [text], atMost: limit, while: isWanted, completion)
      } catch {
        completion(.failure(.file(path: path, error)))
      }
    }
  }

  /// Refuses what `pin` returned in a request that sends no files: the provider would get the path as a text.
  func refusePinnedFiles(in input: JSONObject) throws(SubmitError) {
    guard let found = FileReferences.find(in: input).first(where: { $0.content != nil }) else { return }
    throw .invalid(
      path: found.member,
      message: "\(found.member) names a file of this machine where none can be given. Nothing was sent.")
  }

  /// Checks the files of an agent's request, quickly: only their first bytes are read. They are those that `pin` returned, or
  /// words of the agent that look like them.
  ///
  /// - Throws: the first problem, as `.invalid`.
  func checkFilesOfAgent(
    _ references: [FileReferences.Reference], for provider: any Provider
  ) throws(SubmitError) {
    guard let service = provider.uploads else {
      throw .invalid(path: "images", message: "The provider \"\(provider.name)\" accepts no files. Nothing was sent.")
    }
    guard references.count <= Self.fileLimit else {
      throw .invalid(
        path: "images",
        message: "input names \(references.count) files; \(Self.fileLimit) are allowed. Nothing was sent.")
    }
    for reference in references {
      guard let content = reference.content else {
        throw .invalid(
          path: reference.member,
          message: "\(reference.member) names a file where none can be given. Nothing was sent.")
      }
      do throws(InputError) {
        let input = try inputs.openForAgent(reference.path, isNew: true, atMost: service.byteLimit)
        guard input.file.bytes == content.bytes else { throw .notAsNamed }
      } catch {
        throw .invalid(
          path: reference.member, message: sentences("\(reference.path) \(error.reason)", "Nothing was sent."))
      }
    }
  }

  /// Opens a file to send it. One whose content is known must have it still.
  func open(
    _ reference: FileReferences.Reference, for origin: PredictionOrigin?, atMost limit: Int64
  ) throws(InputError) -> any InputFile {
    guard let content = reference.content else {
      // Without it nothing says that the agent may send this file.
      guard origin == nil else { throw .outside }
      return try inputs.open(reference.path, atMost: limit)
    }
    let file =
      switch origin {
      case .mcp: try inputs.openForAgent(reference.path, isNew: false, atMost: limit).file
      case nil: try inputs.open(reference.path, atMost: limit)
      }
    guard file.bytes == content.bytes, let digest = file.digest() else { throw .notAsNamed }
    guard digest == content.digest, file.isUnchanged else { throw .notAsNamed }
    return CheckedInput(file, content: content)
  }
}

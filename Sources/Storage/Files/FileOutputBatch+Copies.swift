internal import Encoding
internal import Predictions

/// Copies that have their names and are not recorded yet, because what they are copies of is still on its way. A symbolic link
/// `.ID-N.whole` names each, so that no directory must be searched; without it the output is fetched again.
extension FileOutputBatch {
  private func pointer(of index: Int) -> String { ".\(prediction.id)-\(index).whole" }

  private var existing: Directory? {
    try? store.directory(prediction.outputDirectory, for: prediction.origin, making: false)
  }

  /// Notes the name of a copy. Without symbolic links nothing is noted.
  func point(to name: String, as index: Int, in directory: Directory) {
    directory.remove(pointer(of: index))
    directory.linkSymbolically(pointer(of: index), to: name)
  }

  /// Reads the copy again, as though it were fetched.
  func takeUp(index: Int) -> Bool {
    guard isCopying, let directory = existing, let name = directory.target(of: pointer(of: index)),
      let file = try? directory.read(name), let bytes = FileStatus(of: file)?.bytes,
      let writer = try? writer(index: index)
    else { return false }
    var hint = FormatHint(address: name)
    hint.saysItsEnd = true
    do {
      var place: Int64 = 0
      while place < bytes {
        guard let piece = FileSystem.read(file, from: place, atMost: 1 << 20), !piece.isEmpty else { break }
        try writer.write(piece.span)
        place += Int64(piece.count)
      }
      try writer.finish(hint)
    } catch {
      writer.discard()
      return false
    }
    // Its name says what it must be; anything else is fetched again.
    guard let found = writer.finished, isName(name, of: found) else {
      writer.discard()
      return false
    }
    return true
  }

  private func isName(_ name: String, of file: FileOutputWriter.Finished) -> Bool {
    (1...9).contains { counter in
      name == names.name(of: file.index, file.format.fileExtension, sha256: file.sha256, counter: counter)
    }
  }

  /// Forgets that copies were not recorded.
  func settle(_ files: [OutputFile]) {
    guard isCopying, let directory = existing else { return }
    for file in files { directory.remove(pointer(of: file.index)) }
  }

  /// Removes copies that were not recorded, and the links that a killed process left to others.
  func abandon() {
    guard isCopying, let directory = existing else { return }
    let missing = Set(prediction.missingOutputs)
    for index in prediction.outputs.indices.prefix(Prediction.savedOutputs).map({ $0 + 1 }) {
      if missing.contains(index), let name = directory.target(of: pointer(of: index)) { directory.remove(name) }
      directory.remove(pointer(of: index))
    }
    try? directory.sync()
  }
}

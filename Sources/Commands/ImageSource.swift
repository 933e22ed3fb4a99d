internal import Encoding
internal import JSON
internal import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// An image that a command line names: a file, or an output of an earlier prediction, which may still be in progress.
struct ImageSource {
  /// What stands for it in an input: `@` and its absolute path, or the name of the output.
  let text: String
  /// The prediction that makes it; `nil` for a file.
  var prediction: Prediction?

  /// Finds what a text names: the file of that name if there is one, otherwise a prediction.
  init(_ name: String, _ session: Session) throws(PredictionLookup.Failure) {
    let file = session.absolute(name)
    if Self.isFile(file) {
      text = "@\(file)"
      return
    }
    guard PredictionReference(name) != nil else {
      throw .init(message: "There is no file and no prediction \(SafeText(name, atMost: 200)).")
    }
    let (snapshot, output) = try PredictionLookup(session: session).find(name)
    let found = snapshot.prediction
    prediction = found
    guard found.status.isTerminal else {
      text = OutputReference(found.id, output ?? 1).text
      return
    }
    let saved = try found.savedImage(output)
    guard Self.isFile(saved.path) else {
      throw .init(message: "\(SafeText(path: saved.path)) is not there any more: it was moved or deleted.")
    }
    text = OutputReference(found.id, saved.index).text
  }

  static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}

extension Prediction {
  /// A saved image: of the output with this number, or the first one. A file of an unknown kind may be one.
  fileprivate func savedImage(_ output: Int?) throws(PredictionLookup.Failure) -> OutputFile {
    let file = try savedFile(output)
    func mayBeImage(_ file: OutputFile) -> Bool { [.image, .vector, .other].contains(file.kind) }
    if mayBeImage(file) { return file }
    if output == nil, let image = visibleFiles.first(where: mayBeImage) { return image }
    throw .init(
      message:
        "Output \(file.index) of \(id) is not an image (\(file.kind.rawValue), \(file.mediaType)). Nothing was sent.")
  }

  /// A saved file: of the output with this number, or the first one.
  func savedFile(_ output: Int?) throws(PredictionLookup.Failure) -> OutputFile {
    let files = visibleFiles
    guard !files.isEmpty else {
      throw .init(
        message: status.isTerminal
          ? "\(id) has no files (\(status.rawValue)). imagewire status shows why."
          : "\(id) has no files yet (\(status.rawValue)). imagewire result waits for them.")
    }
    guard let output else { return files[0] }
    if let file = visibleFile(output) { return file }
    let known = alternatives(files.map { String($0.index) })
    throw .init(message: "\(id) has no file \(output); it may be \(known).")
  }
}

internal import Predictions

/// The names of a prediction's files: `<stem>.<ext>` for the only output under a chosen name, `<stem>-<n>.<ext>` otherwise;
/// from the second try on with a counter behind, `_2`, since `-2` would look like the second output.
struct OutputNames {
  private let stem: String
  private let isAlone: Bool
  private let files: [OutputFile]
  /// The end of the id, where names must be those of one prediction wherever they are; see `CopyStore`.
  private let mark: String?

  /// - Parameter isUnique: whether a name holds a part of the id and of the file's hash.
  init(_ prediction: Prediction, isUnique: Bool = false) {
    stem = prediction.outputName ?? prediction.id.description
    isAlone = prediction.outputName != nil && prediction.outputs.count <= 1
    files = prediction.files
    mark = isUnique ? String(prediction.id.description.suffix(12)) : nil
  }

  /// The name of an output's file.
  ///
  /// - Parameter counter: which try it is, from 1.
  func name(of index: Int, _ suffix: String, sha256: String, counter: Int) -> String {
    let own = mark.map { "_\($0)_\(sha256.prefix(12))" } ?? ""
    let again = counter > 1 ? "_\(counter)" : ""
    return "\(stem)\(isAlone ? "" : "-\(index)")\(own)\(again).\(suffix)"
  }

  /// The counter in the names of files that are recorded; `nil` where there are none.
  var recordedCounter: Int? {
    guard let file = files.first else { return nil }
    guard let dot = file.name.lastIndex(of: "."), let underscore = file.name[..<dot].lastIndex(of: "_"),
      let counter = Int(file.name[file.name.index(after: underscore)..<dot]), counter > 1
    else { return 1 }
    // The underscore may belong to the chosen name.
    let suffix = String(file.name[file.name.index(after: dot)...])
    return file.name == name(of: file.index, suffix, sha256: file.sha256, counter: counter) ? counter : 1
  }
}

internal import Predictions

/// The file of a block, with where it is and what is to be done for it.
struct BuildTarget {
  let block: ImageBlock
  /// Where the block is: its document and line.
  let place: SafeText
  let folder: ImageFolder
  /// The name of the file in the folder.
  let name: String
  /// As people see it: from the working directory, like the document.
  let label: SafeText
  var step = BuildStep.make
  /// What the file holds that is replaced, in hexadecimal.
  var replaced: String?

  /// - Parameters:
  ///   - document: the folder of the document, absolute.
  ///   - shown: the same as the user named it; empty for the working directory.
  ///   - place: where the block is.
  init(_ block: ImageBlock, in document: String, shown: String, at place: SafeText) {
    self.block = block
    self.place = place
    var parts = block.file.split(separator: "/").map(String.init)
    name = parts.removeLast()
    folder = ImageFolder(path: ([document == "/" ? "" : document] + parts).joined(separator: "/"))
    label = SafeText(path: shown.isEmpty ? block.file : shown == "/" ? "/\(block.file)" : "\(shown)/\(block.file)")
  }

  /// Two blocks of the same file have the same path.
  var path: String { folder.file(name) }
}

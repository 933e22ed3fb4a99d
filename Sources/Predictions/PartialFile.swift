internal import Encoding

/// What came of an output whose download broke off each time. It is no file of the prediction: what is in it is not whole.
public struct PartialFile: Sendable, Equatable {
  /// Of which output, from 1.
  public var index: Int
  /// Its path, absolute.
  public var path: String
  /// Its length in bytes.
  public var bytes: Int64
  /// In hexadecimal, lower case.
  public var sha256: String

  /// The description of a part.
  public init(index: Int, path: String, bytes: Int64, sha256: String) {
    self.index = index
    self.path = path
    self.bytes = bytes
    self.sha256 = sha256
  }

  /// The last part of its path.
  var name: String { file.name }

  /// As a file that can be removed.
  var file: OutputFile {
    OutputFile(
      path: path, mediaType: FileFormat.other.mediaType, bytes: bytes, sha256: sha256, width: nil, height: nil,
      index: index)
  }
}

extension Prediction {
  /// The parts of outputs that are not saved.
  public var partialFiles: [PartialFile] { failure?.partial ?? [] }

  /// The parts to keep of the outputs that are missing: of each the new one, else the one that is recorded.
  func partialFiles(with new: [PartialFile]) -> [PartialFile] {
    let known = Dictionary((partialFiles + new).map { ($0.index, $0) }) { _, newer in newer }
    return missingOutputs.compactMap { known[$0] }
  }
}

/// Finding the predictions that made a local file.
extension PredictionEngine {
  /// The largest file that is compared with saved ones, in bytes: a second or two of hashing.
  public static let comparedBytes: Int64 = 256_000_000

  /// SHA-256 of a local file, for `ListQuery.fileDigest`. Reads the whole file, so never call it on the reading thread.
  ///
  /// - Parameter path: absolute; links are followed.
  /// - Throws: the end of a sentence that begins with the path.
  public func digest(ofFile path: String) throws(FileDigestError) -> [UInt8] {
    do throws(InputError) {
      guard let digest = try inputs.openAny(path, atMost: Self.comparedBytes).digest() else {
        throw .unreadable(reason: "it was changed while it was read")
      }
      return digest
    } catch {
      if case .tooLarge = error {
        throw FileDigestError(
          reason: "is larger than \(Self.comparedBytes / 1_000_000) MB, so it is not compared with saved files")
      }
      throw FileDigestError(reason: error.reason)
    }
  }
}

/// Why a local file could not be compared with saved ones.
public struct FileDigestError: Error, Sendable, Equatable {
  /// The predicate of a sentence whose subject is the file.
  public let reason: String
}

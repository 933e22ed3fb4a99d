internal import Predictions

/// What is to be done for the file of a block. Pure.
enum BuildStep: Equatable {
  /// It is there, as the lock says.
  case none
  /// There is no file.
  case make
  /// There is a file of an earlier version of the block.
  case replace
  /// There is a file that must stay; the predicate of a sentence whose subject is the file.
  case refuse(SafeText)

  /// A file on the disk.
  enum Existing: Equatable {
    case none
    /// With this SHA-256, in hexadecimal.
    case file(String)
    /// It cannot be read; the predicate of a sentence whose subject is the file.
    case unreadable(SafeText)
  }

  /// - Parameters:
  ///   - key: of the block.
  ///   - entry: what the lock says of the file.
  init(key: String, entry: ImageLock.Entry?, existing: Existing) {
    switch (existing, entry) {
    case (.none, _): self = .make
    case (.unreadable(let reason), _): self = .refuse(reason)
    case (.file, nil):
      self = .refuse("was not made by imagewire; move it away, or name another file in the block")
    case (.file(let digest), let entry?) where digest != entry.sha256:
      self = .refuse(
        "was changed since imagewire made it; delete it to have it made anew, or name another file in the block")
    case (.file, let entry?): self = entry.key == key ? .none : .replace
    }
  }
}

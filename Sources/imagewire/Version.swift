internal import CBuild

/// The version of this program.
enum Version {
  /// Semantic versioning; the same in CHANGELOG.md.
  static let number = "0.1.0"

  /// The version with the commit, where the build knows it.
  static var text: String {
    let commit = String(cString: cbuild_commit())
    return commit.isEmpty ? "imagewire \(number)" : "imagewire \(number) (\(commit))"
  }
}

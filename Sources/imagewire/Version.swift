internal import CBuild

/// What this program calls itself.
enum Version {
  /// Semantic versioning; the same in CHANGELOG.md.
  static let number = "0.1.0"

  /// With the commit it was built from, where the build was told.
  static var text: String {
    let commit = String(cString: cbuild_commit())
    return commit.isEmpty ? "imagewire \(number)" : "imagewire \(number) (\(commit))"
  }
}

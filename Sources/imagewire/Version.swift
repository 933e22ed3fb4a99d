/// What this program calls itself.
enum Version {
  /// Semantic versioning; the same in CHANGELOG.md.
  static let number = "0.1.0"
}

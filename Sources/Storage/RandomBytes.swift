extension [UInt8] {
  /// Bytes that nobody can guess: names, salts and marks.
  static func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: .min ... .max) } }
}

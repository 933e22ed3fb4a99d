extension Setting<String> {
  /// The same setting as a whole number; broken where it is none within the bounds.
  ///
  /// - Parameter reason: why it cannot be used, from its text, cut for a message, and its origin.
  func number(
    in bounds: ClosedRange<Int>, else reason: (_ text: Substring, _ origin: String) -> String
  ) -> Setting<Int64> {
    guard case .given(let text, let origin) = self else { return map { _ in 0 } }
    guard let number = Int(text), bounds.contains(number) else {
      return .broken(reason(text.prefix(64), origin), origin: origin)
    }
    return .given(Int64(number), origin: origin)
  }
}

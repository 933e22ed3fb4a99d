/// A value that is made once, by the first thread that needs it.
public final class Lazy<Value: Sendable>: Sendable {
  @usableFromInline
  let made = Protected<Value?>(nil)
  /// Held while the value is made, and not by `valueIfMade`.
  @usableFromInline
  let making = Protected(())
  @usableFromInline
  let make: @Sendable () -> Value
  @usableFromInline
  let isKept: @Sendable (Value) -> Bool

  /// - Parameters:
  ///   - isKept: whether a value is the last one; otherwise the next thread that needs it has it made again.
  ///   - make: called by one thread at a time, while others wait; must not read `value`.
  @inlinable
  public init(
    keeping isKept: @escaping @Sendable (Value) -> Bool = { _ in true }, _ make: @escaping @Sendable () -> Value
  ) {
    self.make = make
    self.isKept = isKept
  }

  /// The value. Waits until it is made.
  @inlinable
  public var value: Value {
    if let value = valueIfMade { return value }
    return making.withLock { _ in
      if let value = valueIfMade { return value }
      let value = make()
      if isKept(value) { made.withLock { $0 = value } }
      return value
    }
  }

  /// The value, if it has been made. Does not wait.
  @inlinable
  public var valueIfMade: Value? { made.withLock { $0 } }
}

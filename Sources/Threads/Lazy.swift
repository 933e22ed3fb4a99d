/// A value that is made once, by the first thread that needs it.
public final class Lazy<Value: Sendable>: Sendable {
  @usableFromInline
  let made = Protected<Value?>(nil)
  /// Held while the value is made, and not by `valueIfMade`.
  @usableFromInline
  let making = Protected(())
  @usableFromInline
  let make: @Sendable () -> Value

  /// - Parameter make: called at most once, while other threads wait; must not read `value`.
  @inlinable
  public init(_ make: @escaping @Sendable () -> Value) {
    self.make = make
  }

  /// The value. Waits until it is made.
  @inlinable
  public var value: Value {
    if let value = valueIfMade { return value }
    return making.withLock { _ in
      if let value = valueIfMade { return value }
      let value = make()
      made.withLock { $0 = value }
      return value
    }
  }

  /// The value, if it has been made. Does not wait.
  @inlinable
  public var valueIfMade: Value? { made.withLock { $0 } }
}

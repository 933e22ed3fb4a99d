/// Something that is made when it is first asked for, once, by whichever thread asks.
public final class Lazy<Value: Sendable>: Sendable {
  @usableFromInline
  let made = Protected<Value?>(nil)
  /// Held while it is made; never while somebody only looks whether it is.
  @usableFromInline
  let making = Protected(())
  @usableFromInline
  let make: @Sendable () -> Value

  /// - Parameter make: called at most once, while others who ask wait for it; it must not ask for the value itself.
  @inlinable
  public init(_ make: @escaping @Sendable () -> Value) {
    self.make = make
  }

  /// The value; the first to ask waits until it is made.
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

  /// The value, if it is there already. Does not wait.
  @inlinable
  public var valueIfMade: Value? { made.withLock { $0 } }
}

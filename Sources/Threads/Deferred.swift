/// Something that is made when it is first asked for, once, by whichever thread asks.
public final class Deferred<Value: Sendable>: Sendable {
  private let made: Guarded<Value?>
  private let make: @Sendable () -> Value

  /// - Parameter make: called at most once, while others who ask wait for it; it must not ask for the value itself.
  public init(_ make: @escaping @Sendable () -> Value) {
    made = Guarded(nil)
    self.make = make
  }

  /// The value; the first to ask waits until it is made.
  public var value: Value {
    made.withLock { made in
      if let made { return made }
      let value = make()
      made = value
      return value
    }
  }

  /// The value, if anybody has asked for it.
  public var valueIfMade: Value? { made.withLock { $0 } }
}

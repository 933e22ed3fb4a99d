/// A value that only one thread at a time may look at. The lock does not nest: a body that reaches the same `Protected`
/// again stops a debug build, and deadlocks in a release build.
///
/// The value is never a bare closure: each access would wrap it in two more conversions, until a call of it overflows the
/// stack. A struct that holds the closure is not wrapped. Debug builds stop here, and a lint looks for the spelling.
///
/// Its methods are inlinable because they are generic: called across modules without that, each call looks its types up
/// at run time, which costs more than the lock.
///
/// `@unchecked Sendable`: every access to what `value` points to happens with `lock` held. It is a pointer because the
/// runtime's own check for overlapping accesses would cost as much as the lock, and the lock already rules them out.
public final class Protected<Value>: @unchecked Sendable {
  @usableFromInline
  let value: UnsafeMutablePointer<Value>
  @usableFromInline
  let lock = Lock()

  /// Guards a value.
  @inlinable
  public init(_ value: sending Value) {
    assert(!isFunction(Value.self), "put the closure into a struct: \(Value.self)")
    self.value = .allocate(capacity: 1)
    self.value.initialize(to: value)
  }

  deinit {
    value.deinitialize(count: 1)
    value.deallocate()
  }

  /// Runs a short, non-blocking body with the value.
  @inlinable
  public func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&value.pointee)
  }

  /// Stops a debug build where the calling thread holds the lock: for calls that may take long, or take the lock again.
  /// Release builds check nothing.
  @inlinable
  public func assertNotHeld() {
    #if DEBUG
      assert(!lock.isHeldByThisThread, "called with the lock held")
    #endif
  }

  /// Takes the value out and leaves nothing: whoever comes next finds `nil`.
  @inlinable
  public func take<Wrapped>() -> sending Wrapped? where Value == Wrapped? {
    lock.lock()
    defer { lock.unlock() }
    // Safe: it was in here alone, and from here on it is the caller's alone, which the compiler cannot see.
    nonisolated(unsafe) var taken: Wrapped?
    swap(&taken, &value.pointee)
    return taken
  }

  /// Runs a body that changes the value, and wakes every thread in `wait` so that it looks again.
  @inlinable
  public func signal<Result>(_ body: (inout Value) -> sending Result) -> sending Result {
    lock.lock()
    defer {
      lock.wakeAll()
      lock.unlock()
    }
    return body(&value.pointee)
  }

  /// Waits until the body answers something, asking again after every `signal`; `nil` once the time is up.
  ///
  /// Not for work that must not wait (`Promptness`): debug builds stop there.
  ///
  /// - Parameter milliseconds: how long to wait at most; `nil` is without a limit, 0 asks once.
  @inlinable
  public func wait<Result>(
    atMost milliseconds: Int64? = nil, until body: (inout Value) -> sending Result?
  ) -> sending Result? {
    lock.lock()
    defer { lock.unlock() }
    if let result = body(&value.pointee) { return result }
    if milliseconds != 0 { Promptness.assertMayWait() }
    let deadline = milliseconds.map { Lock.deadline(in: $0) }
    while lock.wait(until: deadline) {
      if let result = body(&value.pointee) { return result }
    }
    return nil
  }

  /// Waits until the body answers something that another thread is about to bring about without waiting itself, so that
  /// it takes microseconds and is allowed everywhere.
  @inlinable
  public func waitBriefly(until body: (inout Value) -> Bool) {
    lock.lock()
    defer { lock.unlock() }
    while !body(&value.pointee) { _ = lock.wait(until: nil) }
  }
}

/// Whether a type is that of a function, or of an optional one. Function types have metadata of kind 0x302 (Swift's
/// `TypeMetadata.rst`, stable ABI).
@usableFromInline
func isFunction(_ type: Any.Type) -> Bool {
  if let optional = type as? any OptionalType.Type { return isFunction(optional.wrapped) }
  return unsafeBitCast(type, to: UnsafePointer<UInt>.self).pointee == 0x302
}

private protocol OptionalType {
  static var wrapped: Any.Type { get }
}

extension Optional: OptionalType {
  static var wrapped: Any.Type { Wrapped.self }
}

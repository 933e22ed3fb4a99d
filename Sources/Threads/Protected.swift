/// A value behind a lock. The lock is not recursive: a body that uses the same `Protected` again stops a debug build, and
/// deadlocks in a release build.
///
/// The value must not be a bare closure: each access would wrap it in two more reabstraction thunks, until a call of it
/// overflows the stack. Put the closure into a struct. Debug builds assert it, and
/// `test_no_lock_holds_a_bare_closure` searches the sources.
///
/// Its methods are generic, so they are inlinable: without that, a call from another module looks its types up at run
/// time, which costs more than the lock.
///
/// `@unchecked Sendable`: `value.pointee` is only accessed with `lock` held. It is a pointer because the runtime's check
/// for overlapping accesses would cost as much as the lock, which rules them out already.
public final class Protected<Value>: @unchecked Sendable {
  @usableFromInline
  let value: UnsafeMutablePointer<Value>
  @usableFromInline
  let lock = Lock()

  /// Protects a value.
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

  /// Takes the value out and leaves `nil`.
  @inlinable
  public func take<Wrapped>() -> sending Wrapped? where Value == Wrapped? {
    lock.lock()
    defer { lock.unlock() }
    // Safe: nothing else holds the value, which the compiler cannot see.
    nonisolated(unsafe) var taken: Wrapped?
    swap(&taken, &value.pointee)
    return taken
  }

  /// Runs a body that changes the value, and wakes every thread in `wait` so that it calls its body again.
  @inlinable
  public func signal<Result>(_ body: (inout Value) -> sending Result) -> sending Result {
    lock.lock()
    defer {
      lock.wakeAll()
      lock.unlock()
    }
    return body(&value.pointee)
  }

  /// Waits until the body returns a value, calling it again after every `signal`; `nil` once the time is up.
  ///
  /// Not in work that must not wait (`Promptness`): debug builds stop there.
  ///
  /// - Parameter milliseconds: the longest wait; `nil` for no limit, 0 calls the body once.
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

  /// Waits for a change that another thread is about to make without waiting itself. It takes microseconds, so it is
  /// allowed in work that must not wait.
  @inlinable
  public func waitBriefly(until body: (inout Value) -> Bool) {
    lock.lock()
    defer { lock.unlock() }
    while !body(&value.pointee) { _ = lock.wait(until: nil) }
  }
}

/// Whether a type is a function type or an optional one. Function types have metadata of kind 0x302 (Swift's
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

#if DEBUG
  #if canImport(Glibc)
    internal import Glibc
  #elseif canImport(Musl)
    internal import Musl
  #else
    internal import Darwin
  #endif
#endif

/// Marks work that must not wait for another thread or for the disk: the handling of a call on the reading thread, which
/// delays every later call, and what runs on the HTTP client's thread, which delays every transfer.
///
/// Debug builds stop where such work blocks in `Protected.wait`, or writes outputs or replies to files. Release builds do
/// not check it and pay nothing.
public enum Promptness {
  #if DEBUG
    private static let key: pthread_key_t = {
      var key = pthread_key_t()
      pthread_key_create(&key, nil)
      return key
    }()
  #endif

  /// Runs a body that must not wait.
  @inlinable
  public static func required(_ body: () -> Void) {
    #if DEBUG
      let before = isRequired
      set(true)
      defer { set(before) }
    #endif
    body()
  }

  #if DEBUG
    /// Whether this thread runs such a body.
    @usableFromInline
    static var isRequired: Bool { pthread_getspecific(key) != nil }

    @usableFromInline
    static func set(_ isRequired: Bool) {
      pthread_setspecific(key, isRequired ? UnsafeRawPointer(bitPattern: 1) : nil)
    }
  #endif

  /// Stops a debug build inside such a body.
  @inlinable
  public static func assertMayWait() {
    #if DEBUG
      assert(!isRequired, "this thread must not wait here: every later call or transfer would wait too")
    #endif
  }
}

#if canImport(Glibc)
  internal import CMalloc
#endif

/// Settings of this process's heap. They exist for glibc only; on other systems the functions do nothing.
public enum Heap {
  /// Lets all threads share one arena. By default glibc gives each thread one, and memory that one thread frees is not
  /// available to the others: 2 MB more with a thousand predictions in flight. Call it before the second thread starts.
  public static func share() {
    #if canImport(Glibc)
      mallopt(M_ARENA_MAX, 1)
    #endif
  }

  /// Returns free memory to the system. Walks the whole heap, so call it when no request waits.
  public static func giveBack() {
    #if canImport(Glibc)
      malloc_trim(0)
    #endif
  }
}

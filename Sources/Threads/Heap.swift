#if canImport(Glibc)
  internal import CMalloc
#endif

/// What this process asks of its heap. Only glibc has to be asked; others do by themselves, or cannot.
public enum Heap {
  /// Lets all threads share one heap. By itself glibc gives each thread one, and what one thread frees the others cannot
  /// use: 2 MB more with a thousand predictions in flight. To be called before there is a second thread.
  public static func share() {
    #if canImport(Glibc)
      mallopt(M_ARENA_MAX, 1)
    #endif
  }

  /// Gives the system what is free, looking through all of the heap meanwhile: for a moment when nobody waits.
  public static func giveBack() {
    #if canImport(Glibc)
      malloc_trim(0)
    #endif
  }
}

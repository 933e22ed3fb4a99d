import Testing
import Threads

@testable import Pictures

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite("The process that decodes")
struct ThumbnailProcessTests {
  /// Starts a shell whose output nobody reads.
  private func shell(_ script: String) throws -> pid_t {
    var child: pid_t = 0
    var words: [UnsafeMutablePointer<CChar>?] = (["sh", "-c", script] as [String]).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    try #require(posix_spawn(&child, "/bin/sh", nil, nil, &words, nil) == 0)
    return child
  }

  @Test(.timeLimit(.minutes(1))) func aChildThatDoesNotEndIsKilledAtTheDeadline() throws {
    let child = try shell("exec >&- 2>&- sleep 300")
    #expect(try ThumbnailProcess.end(of: child, by: MonotonicClock.milliseconds + 100) == nil)
    // It is not there any more, not even as a zombie.
    #expect(kill(child, 0) == -1 && errno == ESRCH)
  }

  @Test func aChildThatEndsLaterThanItsOutputIsWaitedFor() throws {
    let child = try shell("exec >&- 2>&-; sleep 0.1; exit 11")
    #expect(try ThumbnailProcess.end(of: child, by: MonotonicClock.milliseconds + 60_000) == 11 << 8)
  }
}

import Testing
import Threads

@testable import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
struct WriterLockTests {
  @Test func aBusyProcessLetsTheNextOneWrite() throws {
    let folder = TemporaryFolder()
    let path = folder.path
    let order = Protected<[String]>([])
    let busy = try WriterLock(in: path)
    #expect(busy.acquire())
    startThread {
      guard let waiting = try? WriterLock(in: path), waiting.acquire() else { return }
      order.signal { $0.append("waiting") }
      waiting.release()
    }
    // It has the turn once no other process can take it.
    let next = try Descriptor(opening: path + "/writer.next", O_RDWR)
    while next.lock(LOCK_EX) {
      next.unlock()
      usleep(1_000)
    }
    busy.release()
    #expect(busy.acquire())
    order.withLock { $0.append("busy") }
    #expect(order.withLock { $0 } == ["waiting", "busy"])
  }

  @Test func aStoppedProcessWithTheTurnDelaysOthersBriefly() throws {
    let folder = TemporaryFolder()
    let stopped = try Descriptor(opening: folder.path + "/writer.next", O_RDWR | O_CREAT)
    #expect(stopped.lock(LOCK_EX))
    let lock = try WriterLock(in: folder.path)
    #expect(lock.acquire())
    #expect(lock.mayContinue)
  }

  @Test func aLinkInItsPlaceIsRefused() throws {
    let folder = TemporaryFolder()
    symlink("/etc/passwd", folder.path + "/writer.lock")
    #expect(throws: SystemError(code: ELOOP)) { try WriterLock(in: folder.path) }
  }

  @Test func pausesGrowToFiftyMilliseconds() {
    var pauses = LockPauses()
    let slept = (0..<20).map { _ in pauses.next() }
    #expect(slept[0] <= 1_000 && slept[0] >= 750)
    #expect(slept[15...].allSatisfy { (37_500...50_000).contains($0) })
  }
}

import Testing

@testable import Threads

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct WriteAllTests {
  @Test func moreThanAPipeHoldsIsWritten() {
    var ends: [Int32] = [-1, -1]
    #expect(pipe(&ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let errors = Protected<[Int32?]>([])
    startThread {
      let error = writeAll(bytes, to: writer)
      close(writer)
      errors.signal { $0.append(error) }
    }
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(reader, &buffer, buffer.count)
      if count <= 0 { break }
      received += buffer.prefix(count)
    }
    close(reader)
    #expect(received == bytes)
    #expect(errors.wait(atMost: 10_000) { $0.first } == .some(nil))
  }

  @Test func anErrorIsReturned() {
    #expect(writeAll([1, 2, 3], to: -1) == EBADF)
  }
}

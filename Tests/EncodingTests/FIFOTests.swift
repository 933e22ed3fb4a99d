import Encoding
import Testing

@Suite struct FIFOTests {
  @Test func elementsComeInTheirOrder() {
    var queue = FIFO<Int>()
    var next = 0
    // More additions than removals, so that the taken elements are dropped at different lengths.
    for number in 0..<9_000 {
      queue.append(number)
      if number % 3 != 0 {
        #expect(queue.popFirst() == next)
        next += 1
      }
    }
    #expect(queue.removeAll() == Array(next..<9_000))
    #expect(queue.isEmpty && queue.popFirst() == nil)
  }
}

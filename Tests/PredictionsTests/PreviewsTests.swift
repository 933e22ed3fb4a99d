import Testing

@testable import Predictions

@Suite("Partial images that wait for the disk")
struct PreviewsTests {
  private let id = PredictionID(sequence: 1, lowBits: 1)

  @Test("of several images that arrive during a write, the newest is stored")
  func newest() {
    var previews = Previews()
    #expect(previews.add(([1], 0), of: id) == true, "storing starts")
    #expect(previews.takeNext(of: id)?.bytes == [1])
    #expect(previews.add(([2], 1), of: id) == false, "storing is in progress")
    #expect(previews.add(([3], 2), of: id) == false)
    let next = previews.takeNext(of: id)
    #expect(next?.bytes == [3] && next?.index == 2)
    #expect(previews.takeNext(of: id) == nil)
    #expect(previews.add(([4], 3), of: id) == true, "storing starts again")
  }

  @Test("an image that is dropped is not stored, and storing ends")
  func dropping() {
    var previews = Previews()
    _ = previews.add(([1], 0), of: id)
    previews.dropNext(of: id)
    #expect(previews.takeNext(of: id) == nil)
    previews.dropNext(of: id)
    #expect(previews.add(([2], 1), of: id) == true)
  }

  @Test("a stored file is removed once")
  func removing() {
    var previews = Previews()
    #expect(previews.removeStored(id) == false)
    previews.noteStored(id)
    previews.noteStored(id)
    #expect(previews.removeStored(id) == true)
    #expect(previews.removeStored(id) == false)
  }
}

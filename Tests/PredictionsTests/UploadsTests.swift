import Testing

@testable import Predictions

@Suite("Inputs whose files are uploaded")
struct UploadsTests {
  private let id = PredictionID(sequence: 1, lowBits: 1)
  private let other = PredictionID(sequence: 2, lowBits: 1)

  @Test("only the inputs of the account are ready, and the history is searched for addresses only")
  func ready() {
    var uploads = Uploads()
    uploads.add(.init(account: "a", bytes: [1], hasAddresses: true), of: id)
    uploads.add(.init(account: "b", bytes: [2], hasAddresses: false), of: other)
    #expect(uploads.ready(for: "a") == [UploadedInput(id: id, sent: [1])])
    #expect(uploads.ready(for: "b") == [UploadedInput(id: other, sent: nil)])
    #expect(uploads.ready(for: "c") == [])
  }

  @Test("an input is sent once")
  func taking() {
    var uploads = Uploads()
    uploads.add(.init(account: "a", bytes: [1], hasAddresses: true), of: id)
    uploads.add(.init(account: "a", bytes: [2], hasAddresses: true), of: other)
    #expect(uploads.input(of: id) == [1])
    #expect(uploads.take(id) == [1])
    #expect(uploads.take(id) == nil)
    uploads.remove(other)
    #expect(uploads.ready(for: "a") == [])
  }
}

import JSON
import PredictionsTestSupport
import Testing

@testable import Predictions

/// Two edits with the same prompt, both replies lost: every kind of image, every order, every outcome at the provider.
@Suite("Adoption of items of the history")
struct TwinGateTests {
  /// How an edit names its image, and how the provider's history shows it.
  enum Picture: String, CaseIterable {
    case cat, dog
    /// The same bytes as `cat` under another path: one upload serves both.
    case copyOfCat

    var address: String { self == .dog ? "https://media.example/dog" : "https://media.example/cat" }
  }

  enum Kind: CaseIterable {
    /// As a data URI, for which the history shows an address of the provider.
    case dataURI
    /// As an uploaded file.
    case upload
    /// As an URL.
    case url
    /// As a file that was uploaded by a version that did not record addresses.
    case olderUpload
    /// Sent by a version that recorded no likeness.
    case olderSend
  }

  /// One edit, and the record of its POST.
  struct Edit {
    let kind: Kind
    let picture: Picture

    private func input(_ image: String) -> [UInt8] {
      Array(#"{"prompt":"remove the background","image":"\#(image)"}"#.utf8)
    }

    var prediction: Prediction {
      var it = Situation.looking.prediction
      switch kind {
      case .dataURI: it.input = input("data:image/png;base64,\(picture)")
      case .url, .olderSend: it.input = input(picture.address)
      case .upload:
        it.input = input("@/home/\(picture).png")
        (it.uploads, it.sent) = (.done, input(picture.address))
      case .olderUpload:
        it.input = input("@/home/\(picture).png")
        it.uploads = .done
      }
      return it
    }

    /// The item of the history, if it was made.
    var item: Likeness {
      let image = kind == .dataURI ? "https://provider.example/\(picture)" : picture.address
      return Likeness(of: try! JSONValue(parsing: input(image)).object!)
    }

    var send: TwinGate.OpenSend {
      let isOld = kind == .olderSend || kind == .olderUpload
      return TwinGate.OpenSend(
        model: isOld ? nil : "m", likeness: isOld ? nil : prediction.likeness, window: 0...100)
    }

    /// Whether the history shows the image.
    var isComparable: Bool { kind != .dataURI && kind != .olderUpload }

    /// Whether the two cannot be told apart, because the same input was sent.
    func isTwin(of other: Edit) -> Bool {
      isComparable && other.isComparable && picture.address == other.picture.address
    }
  }

  static let edits = Kind.allCases.flatMap { kind in Picture.allCases.map { Edit(kind: kind, picture: $0) } }

  @Test func noPredictionAdoptsAnothersImageAndCertainMatchesAreFound() {
    for first in Self.edits {
      for second in Self.edits {
        for made in [[], [0], [1], [0, 1]] {
          for order in [[0, 1], [1, 0]] { check([first, second], made: made, order: order) }
        }
      }
    }
  }

  /// Lets both search in turn, until neither finds anything new.
  private func check(_ edits: [Edit], made: [Int], order: [Int]) {
    var owners: [Int: Int] = [:]
    for index in order + order where !owners.values.contains(index) {
      let prediction = edits[index].prediction
      let ours = prediction.likeness!
      let found = made.filter { owners[$0] == nil && ours.matches(edits[$0].item) }
      guard found.count == 1, let item = found.first else { continue }
      let match = HistoryMatch(remoteID: "\(item)", createdAt: 50, clockSkew: 0, likeness: edits[item].item)
      let other = 1 - index
      let isOpen = !owners.values.contains(other)
      let others = isOpen ? [edits[other].send] : []
      if !TwinGate.holdsBack(match, model: "m", ours: ours, others: others) { owners[item] = index }
    }
    let story: Comment = "\(edits) made \(made) in order \(order): \(owners)"
    for (item, owner) in owners where item != owner {
      #expect(edits[item].isTwin(of: edits[owner]), story)
    }
    // Two that can be told apart do not block each other.
    let isOld = edits.contains { $0.send.likeness == nil }
    if edits.allSatisfy(\.isComparable), !isOld, !edits[0].isTwin(of: edits[1]) {
      #expect(owners == Dictionary(uniqueKeysWithValues: made.map { ($0, $0) }), story)
    }
  }

  // MARK: - Who stands in the way

  private static let fox = Likeness(of: JSONObject([("prompt", "a fox")]))

  private func isHeldBack(
    by other: TwinGate.OpenSend, at createdAt: Int64 = 50, item: Likeness? = fox, isNamed: Bool = false
  ) -> Bool {
    let match = HistoryMatch(
      remoteID: "r", createdAt: createdAt, clockSkew: 0, likeness: item, isNamed: isNamed)
    return TwinGate.holdsBack(match, model: "m", ours: Self.fox, others: [other])
  }

  @Test func onlyPOSTsOfTheSameModelAndTimeHoldAnItemBack() {
    var other = TwinGate.OpenSend(model: "m", likeness: Self.fox, window: 10...90)
    #expect(isHeldBack(by: other))
    #expect(isHeldBack(by: other, at: 10) && isHeldBack(by: other, at: 90))
    #expect(!isHeldBack(by: other, at: 9) && !isHeldBack(by: other, at: 91))
    #expect(!isHeldBack(by: other, isNamed: true))
    // Where the history shows no input, the inputs of the two must differ.
    #expect(isHeldBack(by: other, item: nil))
    other.model = "another"
    #expect(!isHeldBack(by: other))
    other.model = nil
    #expect(isHeldBack(by: other))
    other.likeness = Likeness(of: JSONObject([("prompt", "a dog")]))
    #expect(!isHeldBack(by: other) && !isHeldBack(by: other, item: nil))
    other.likeness = nil
    #expect(isHeldBack(by: other))
  }

  @Test func anItemIsDisputedByOtherQueuedPredictionsWithAnotherInput() {
    let data = Likeness(of: JSONObject([("prompt", "a fox"), ("image", "data:x")]))
    let item = Likeness(of: JSONObject([("prompt", "a fox"), ("image", "https://x")]))
    func isDisputed(_ item: Likeness?, ours: Likeness?, by queued: [Likeness?], isNamed: Bool = false) -> Bool {
      let match = HistoryMatch(remoteID: "r", createdAt: 0, clockSkew: 0, likeness: item, isNamed: isNamed)
      return TwinGate.isDisputed(match, ours: ours, queued: queued)
    }
    #expect(!isDisputed(Self.fox, ours: Self.fox, by: []))
    #expect(!isDisputed(Self.fox, ours: Self.fox, by: [Self.fox]), "either may have it")
    #expect(isDisputed(item, ours: data, by: [data]), "the pictures may differ")
    #expect(isDisputed(item, ours: data, by: [Self.fox]) && isDisputed(item, ours: Self.fox, by: [data]))
    #expect(isDisputed(Self.fox, ours: Self.fox, by: [data]), "a history may leave pictures out")
    #expect(!isDisputed(Self.fox, ours: Self.fox, by: [Likeness(of: JSONObject([("prompt", "a dog")]))]))
    #expect(isDisputed(nil, ours: Self.fox, by: [Self.fox]) && isDisputed(Self.fox, ours: Self.fox, by: [nil]))
    #expect(!isDisputed(nil, ours: Self.fox, by: [nil], isNamed: true))
  }

  @Test func fieldsThatTheProviderAddedAreIgnored() {
    let sized = Likeness(of: JSONObject([("prompt", "a fox"), ("size", "1024*1024")]))
    #expect(isHeldBack(by: TwinGate.OpenSend(model: "m", likeness: Self.fox, window: 0...100), item: sized))
    #expect(!isHeldBack(by: TwinGate.OpenSend(model: "m", likeness: sized, window: 0...100), item: Self.fox))
  }
}

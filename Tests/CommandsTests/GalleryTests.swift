import Encoding
import Predictions
import Testing

@testable import Commands

@Suite("imagewire gallery")
struct GalleryTests {
  private let small = Thumbnail(path: "/t/a b.jpg", mediaType: "image/jpeg", bytes: 30, width: 320, height: 240)

  /// Whether a picture is included, and with which media type; the URL of one that is linked.
  private func shown(_ picture: GalleryPage.Picture) -> String {
    switch picture.source {
    case .included(let mediaType, _): mediaType
    case .linked(let url): url
    case .words(let text): text
    }
  }

  @Test func thumbnailsAreIncludedAsFarAsTheyFitAndThenLinked() {
    var pictures = GalleryPictures(room: 99)
    let shown = (1...3).map { _ in
      self.shown(
        pictures.picture(
          of: .sample(), .success(small), bytesOfThumbnail: { _ in [UInt8](repeating: 0, count: 30) },
          contents: { _ in nil }))
    }
    // 40 bytes each, as Base64.
    #expect(shown == ["image/jpeg", "image/jpeg", "file:///t/a%20b.jpg"])
    #expect(pictures.room == 19 && pictures.missing == nil)
  }

  @Test func withoutThumbnailTheFileItselfIsIncludedIfItFitsOtherwiseLinked() {
    var pictures = GalleryPictures(room: 100)
    func shown(_ bytes: Int64, _ error: ThumbnailError, _ contents: [UInt8]? = [1]) -> String {
      self.shown(
        pictures.picture(
          of: .sample(bytes: bytes), .failure(error), bytesOfThumbnail: { _ in nil }, contents: { _ in contents }))
    }
    #expect(shown(30, .noDecoder(.png)) == "image/png")
    #expect(pictures.missing == .png)
    #expect(shown(1_000, .damaged) == "file:///out/fox.png")
    // Changed after it was saved.
    #expect(shown(30, .missing(path: "/out/fox.png"), nil) == "file:///out/fox.png")
    var video = OutputFile.sample("/out/fox.mp4", bytes: 3)
    video.mediaType = "video/mp4"
    let linked = pictures.picture(
      of: video, .failure(.notAnImage(.video)), bytesOfThumbnail: { _ in nil }, contents: { _ in [1] })
    #expect(self.shown(linked) == "file:///out/fox.mp4")
  }

  @Test func textOfPredictionsStaysText() {
    var prediction = Prediction.sample(input: #"{"prompt":"<script>alert(1)</script> \"&'"}"#)
    prediction.tags = ["<b>"]
    prediction.error = "a < b"
    let entry = GalleryPage.entry(prediction, []).text
    #expect(!entry.contains("<script>") && entry.contains("&lt;script&gt;alert(1)&lt;/script&gt; &quot;&amp;&#39;"))
    #expect(entry.contains("<b>&lt;b&gt;</b>") && entry.contains("a &lt; b"))
  }

  @Test func anImageIsADataURLThatLinksToItsFile() {
    var prediction = Prediction.sample()
    prediction.costMicros = 50_000
    prediction.billing = .charged
    let file = OutputFile.sample("/out/a b\"c.png")
    let entry = GalleryPage.entry(
      prediction, [GalleryPage.Picture(file, .included(mediaType: "image/jpeg", [1, 2, 3]))]
    ).text
    #expect(entry.contains(#"src="data:image/jpeg;base64,AQID""#) && entry.contains(#"loading="lazy""#))
    #expect(entry.contains(#"href="file:///out/a%20b%22c.png""#))
    #expect(entry.contains("<dt>cost<dd>$0.05 (quoted)") && entry.contains(#"data-cost="50000""#))
  }

  @Test(arguments: [
    ("image/heic", "<img "), ("image/svg+xml", "<img "), ("video/mp4", "<video controls preload=\"none\" "),
    ("audio/wav", "<audio controls preload=\"none\" "), ("text/html", "<a class=\"file\" "),
    ("model/obj", "<use href=\"#icon-model\"/>"),
  ]) func eachKindHasItsElement(mediaType: String, element: String) {
    var file = OutputFile.sample("/out/a<b>.x")
    file.mediaType = mediaType
    let entry = GalleryPage.entry(.sample(), [GalleryPage.Picture(file, .linked(file.url))]).text
    #expect(entry.contains(element) && entry.contains("file:///out/a%3Cb%3E.x") && !entry.contains("a<b>"))
  }

  @Test func aTextBeginsOnThePageAndALongOneIsCut() {
    var pictures = GalleryPictures(room: 1_000)
    var file = OutputFile.sample("/out/fox.txt", bytes: 20)
    file.mediaType = "text/plain"
    func words(_ text: String) -> GalleryPage.Picture {
      pictures.picture(
        of: file, .failure(.notAnImage(.text)), bytesOfThumbnail: { _ in nil }, contents: { _ in Array(text.utf8) })
    }
    let hostile = words("<b>a</b>\n\u{1B}]52;\u{202E}b")
    #expect(shown(hostile) == "<b>a</b>\n\u{FFFD}]52;b")
    #expect(GalleryPage.entry(.sample(), [hostile]).text.contains("<pre>&lt;b&gt;a&lt;/b&gt;\n\u{FFFD}]52;b</pre>"))
    #expect(shown(words(String(repeating: "é", count: 700))) == String(repeating: "é", count: 600) + "…")
    file.bytes = 1 << 20
    #expect(shown(words("a")) == "file:///out/fox.txt")
    file.mediaType = "model/obj"
    #expect(shown(words("v 0 0 0")) == "file:///out/fox.txt")
  }

  @Test func twoThousandImagesWithLongPromptsAreLessThan15Megabytes() {
    // The room that `--max-megabytes` has by default, and thumbnails that do not all fit.
    var pictures = GalleryPictures(room: 12_000_000)
    var prediction = Prediction.sample(input: "{\"prompt\":\"\(String(repeating: "a red fox in snow ", count: 16))\"}")
    prediction.tags = ["album", "night"]
    (prediction.billing, prediction.costMicros) = (.charged, 50_000)
    let large = Thumbnail(path: "/t/abc.jpg", mediaType: "image/jpeg", bytes: 20_000, width: 320, height: 240)
    var bytes = GalleryPage.head(GalleryPage.Totals([prediction])).text.utf8.count
    for _ in 0..<2_000 {
      let picture = pictures.picture(
        of: .sample("/home/somebody/.local/state/imagewire/outputs/\(prediction.id)-1.png"), .success(large),
        bytesOfThumbnail: { _ in [UInt8](repeating: 7, count: 20_000) }, contents: { _ in nil })
      bytes += GalleryPage.entry(prediction, [picture]).text.utf8.count
    }
    #expect(bytes < 15_000_000 && bytes > 12_000_000)
  }

  @Test func aFileNamedByItsPredictionIsShownWithoutTheId() {
    let prediction = Prediction.sample()
    var file = OutputFile.sample("/out/\(prediction.id)-2.zip")
    file.mediaType = "application/zip"
    let entry = GalleryPage.entry(prediction, [GalleryPage.Picture(file, .linked(file.url))]).text
    #expect(entry.contains("<span>2.zip</span>") && entry.contains("title=\"\(prediction.id)-2.zip\""))
  }

  @Test func theCostIsThatOfThePredictionAndNotOfAnythingThatWasNotBilled() {
    var estimated = Prediction.sample()
    estimated.billing = .unknown
    estimated.estimateMicros = 300_000
    #expect(GalleryPage.entry(estimated, []).text.contains(#"data-cost="300000""#))
    // Refused after the price was asked: nothing is billed.
    var refused = Prediction.sample(.failed)
    refused.billing = .none
    refused.costMicros = 500_000
    #expect(GalleryPage.entry(refused, []).text.contains(#"data-cost="0""#))
    #expect(GalleryPage.Totals([estimated, refused]).words.text == "2 predictions, $0.30")
  }

  @Test(arguments: [(1, "one"), (2, "two"), (3, "three"), (4, "two"), (9, "three"), (10, "four"), (64, "four")])
  func severalFilesStandInOneGrid(count: Int, shape: String) {
    let picture = GalleryPage.Picture(.sample(), .included(mediaType: "image/jpeg", [1]))
    let entry = GalleryPage.entry(.sample(), Array(repeating: picture, count: count)).text
    #expect(entry.contains(#"<div class="files \#(shape)">"#))
  }

  @Test func theTotalsAreThoseOfAllPredictions() {
    var predictions = [Prediction.sample(), .sample(), .sample()]
    #expect(GalleryPage.Totals(predictions).words.text == "3 predictions")
    for (index, micros) in [1_250_000, 250_000].enumerated() {
      predictions[index].costMicros = Int64(micros)
      predictions[index].billing = .charged
    }
    #expect(GalleryPage.Totals(predictions).words.text == "3 predictions, $1.50")
  }

  @Test func withoutAnImageTheStatusStandsInItsPlace() {
    #expect(GalleryPage.entry(.sample(.failed), []).text.contains(#"<div class="none">failed</div>"#))
  }

  @Test func thePageAllowsOnlyItsOwnScript() {
    let head = GalleryPage.head(GalleryPage.Totals([.sample(), .sample()])).text
    #expect(head.hasPrefix(GalleryPage.mark.text))
    #expect(head.contains("default-src 'none'") && head.contains("script-src 'sha256-"))
    #expect(!head.contains("script-src 'unsafe-inline'"))
    #expect(GalleryPage.foot.text.contains("<script>") && head.contains(#"<output id="count">2 predictions</output>"#))
  }
}

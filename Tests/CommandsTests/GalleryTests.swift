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

  @Test(arguments: [(1, "one"), (2, "two"), (3, "three"), (4, "two"), (9, "three"), (10, "four"), (64, "four")])
  func severalFilesStandInOneGrid(count: Int, shape: String) {
    let picture = GalleryPage.Picture(.sample(), .included(mediaType: "image/jpeg", [1]))
    let entry = GalleryPage.entry(.sample(), Array(repeating: picture, count: count)).text
    #expect(entry.contains(#"<div class="files \#(shape)">"#))
  }

  @Test func theTotalsAreThoseOfAllPredictions() {
    var predictions = [Prediction.sample(), .sample(), .sample()]
    #expect(GalleryPage.Totals(predictions).words.text == "3 predictions")
    predictions[0].costMicros = 1_250_000
    predictions[1].costMicros = 250_000
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

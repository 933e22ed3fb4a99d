import Predictions
import Testing

@testable import Commands

@Suite("imagewire gallery")
struct GalleryTests {
  private func kinds(_ pictures: [GalleryPage.Picture]) -> [String] {
    pictures.map { if case .included = $0 { "included" } else { "linked" } }
  }

  @Test func imagesAreIncludedAsFarAsTheyFit() {
    var left: Int64 = 100
    let files: [OutputFile] = [.sample(bytes: 60), .sample(bytes: 60), .sample(bytes: 40)]
    #expect(kinds(Gallery.pictures(files, left: &left) { _ in [1] }) == ["included", "linked", "included"])
    #expect(left == 0)
  }

  @Test func aChangedFileIsLinkedAndTakesNoSpace() {
    var left: Int64 = 100
    #expect(kinds(Gallery.pictures([.sample(bytes: 60)], left: &left) { _ in nil }) == ["linked"])
    #expect(left == 100)
  }

  @Test func textOfPredictionsStaysText() {
    var prediction = Prediction.sample(input: #"{"prompt":"<script>alert(1)</script> \"&'"}"#)
    prediction.tags = ["<b>"]
    prediction.error = "a < b"
    let entry = GalleryPage.entry(prediction, []).text
    #expect(!entry.contains("<script>") && entry.contains("&lt;script&gt;alert(1)&lt;/script&gt; &quot;&amp;&#39;"))
    #expect(entry.contains("<b>&lt;b&gt;</b>") && entry.contains("a &lt; b"))
  }

  @Test func anIncludedImageIsADataURLAndALinkedOneAFile() {
    var prediction = Prediction.sample()
    prediction.costMicros = 50_000
    let file = OutputFile.sample("/out/a b\"c.png")
    let included = GalleryPage.entry(prediction, [.included(file, [1, 2, 3])]).text
    #expect(included.contains(#"src="data:image/png;base64,AQID""#) && included.contains(#"width="1024""#))
    #expect(included.contains("<dt>cost<dd>$0.05"))
    let linked = GalleryPage.entry(prediction, [.linked(file)]).text
    #expect(linked.contains(#"src="file:///out/a%20b%22c.png""#))
  }

  @Test(arguments: [
    ("image/heic", "<img "), ("image/svg+xml", "<img "), ("video/mp4", "<video controls "),
    ("audio/wav", "<audio controls "),
    ("text/html", "<a class=\"file\" "), ("model/obj", "<a class=\"file\" "),
  ]) func eachKindHasItsElement(mediaType: String, element: String) {
    var file = OutputFile.sample("/out/a<b>.x")
    file.mediaType = mediaType
    let entry = GalleryPage.entry(.sample(), [.linked(file)]).text
    #expect(entry.contains(element) && entry.contains("file:///out/a%3Cb%3E.x") && !entry.contains("a<b>"))
  }

  @Test func withoutAnImageTheStatusStandsInItsPlace() {
    #expect(GalleryPage.entry(.sample(.failed), []).text.contains(#"<div class="none">failed</div>"#))
  }

  @Test func thePageAllowsOnlyItsOwnScript() {
    let head = GalleryPage.head(count: 2).text
    #expect(head.hasPrefix(GalleryPage.mark.text))
    #expect(head.contains("default-src 'none'") && head.contains("script-src 'sha256-"))
    #expect(!head.contains("script-src 'unsafe-inline'"))
    #expect(GalleryPage.foot.text.contains("<script>") && head.contains(#"<output id="count">2</output>"#))
  }
}

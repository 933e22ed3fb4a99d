import JSON
import Predictions
import Testing

@testable import Commands

@Suite("Images that documents describe")
struct ImageDocumentTests {
  private func markdown(_ text: String) -> ImageDocument { ImageDocument(Array(text.utf8), .markdown) }
  private func org(_ text: String) -> ImageDocument { ImageDocument(Array(text.utf8), .org) }

  @Test func theKeyIsTheContractWithOtherClients() throws {
    // printf '%s' '["a red fox in snow","",{"size":"1536x1024"}]' | sha256sum
    let fox = try ImageBlock([("file", "fox.png"), ("size", "1536x1024")], text: "a red fox in snow", line: 1)
    #expect(fox.key == "build-6a12bd5424b104eb818897f0e47adf15")
    // printf '%s' '["Füchse/\"a\"\\nb","acme/brush",{"a":{"b":1,"c":[true,null]},"n":2,"size":"ö"}]' | sha256sum
    let nested = try ImageBlock(
      [
        ("n", "2"), ("size", "ö"), ("input", #"{"a":{"c":[true,null],"b":1}}"#), ("model", "acme/brush"),
        ("file", "x.jpg"), ("fig-alt", "not part of it"),
      ], text: " Füchse/\"a\"\nb \n", line: 9)
    #expect(nested.key == "build-cd3437a8c5ffafa0521c13b84a72c022")
  }

  @Test(
    "attributes as Pandoc reads them",
    arguments: [
      (#"{.imagewire file="a b.png"}"#, "a b.png"), ("{.imagewire file=a.png}", "a.png"),
      ("{#id .x .imagewire .y k='v' file='it\"s.png'}", "it\"s.png"), (#"{.imagewire file="a\"b.png"}"#, "a\"b.png"),
      ("  {.imagewire   file=a.png  }  ", "a.png"),
      ("{.imagewire k=\"}\" file=a.png}", "a.png"), ("{.imagewire k=\"<!--\" file=a.png}", "a.png"),
      ("{.imagewire k=\"`id`\" file=a.png}", "a.png"),
      ("{.imagewire file=ä/ö.png}", "ä/ö.png"),
    ])
  func attributes(info: String, file: String) {
    for fence in ["```", "~~~~", "   ```"] {
      let document = markdown("text\n\(fence)\(info)\na fox\n\(fence)\n")
      #expect(document.blocks.map(\.file) == [file] && document.problems == [], "\(fence)\(info)")
      #expect(document.blocks.first?.line == 2 && document.blocks.first?.prompt == "a fox")
    }
  }

  @Test(
    "attributes that cannot be read are a problem, since a wrong guess would cost money",
    arguments: [
      "{.imagewire file=a.png", "{.imagewire file=\"a.png}", "{.imagewire file}", "{.imagewire =a}",
      "{.imagewire file='a'b}",
      "{.imagewire a.png}", "imagewire file=a.png", "imagewire a.png", "imagewire {file=a.png}",
      "imagewire{file=a.png}",
    ])
  func unreadable(info: String) {
    let document = markdown("\n\n```\(info)\na fox\n```")
    #expect(document.blocks == [] && document.problems.map(\.line) == [3], "\(info)")
  }

  @Test(
    "other blocks are not read",
    arguments: [
      "```python\n```{.imagewire file=a.png}\nx\n```", "~~~\n```{.imagewire file=a.png}\nx\n```\n~~~",
      "````\n```{.imagewire file=a.png}\nx\n```\n````", "    ```{.imagewire file=a.png}\n    x\n    ```",
      "```{.imagewires file=a.png}\nx\n```", "```{.other imagewire=1 file=a.png}\nx\n```",
      "``{.imagewire file=a.png}``", "```{.imagewire file=a.png}```",
      "`````{=html}\n```{.imagewire file=a.png}\nx\n```\n`````", "<!--\n```{.imagewire file=a.png}\nx\n```\n-->",
      "x <!-- y -->\n<!-- z\n\n```{.imagewire file=a.png}\nx\n```\n--> ", "",
    ])
  func others(text: String) {
    let document = markdown(text)
    #expect(document.blocks == [] && document.problems == [])
  }

  @Test func whatFollowsABlockIsReadAgain() {
    let document = markdown(
      "```x\n```\n<!-- c -->\n~~~{.imagewire file=a.png}\n```\nin it\n~~~~\n```{.imagewire file=b.png}\nb\n```")
    #expect(document.blocks.map(\.file) == ["a.png", "b.png"] && document.blocks.first?.prompt == "```\nin it")
  }

  @Test func linesEndInEveryWayAndTheIndentationOfTheFenceIsLeftOut() {
    let document = markdown("\u{FEFF}  ```{.imagewire file=a.png}\r\n  a\r\n    b\r\nc\r\n  ```\r\n")
    #expect(document.blocks.map(\.prompt) == ["a\n  b\nc"])
  }

  @Test func orgHasHeaderArgumentsAndQuotesItsOwnSyntax() {
    let document = org(
      """
      #+BEGIN_SRC imagewire -n :file Bücher/ein Fuchs.png :size 64x64 :results file :n 2 :negative_prompt "no \\"people\\""
        a fox
          reads
        ,* no heading
        ,,#+end_src
        , a comma
      #+END_SRC
      #+begin_src imagewire :file "b.png"
      b
      #+end_src
      """)
    #expect(document.problems == [] && document.blocks.map(\.file) == ["Bücher/ein Fuchs.png", "b.png"])
    #expect(document.blocks[0].prompt == "a fox\n  reads\n* no heading\n,#+end_src\n, a comma")
    #expect(
      JSONValue.object(document.blocks[0].input).text == #"{"n":2,"negative_prompt":"no \"people\"","size":"64x64"}"#)
  }

  @Test(
    "what Org does not run is not made",
    arguments: [
      "#+begin_src imagewire :file a.png :eval no\nx\n#+end_src", "#+begin_src python :file a.png\nx\n#+end_src",
      "#+begin_example\n#+begin_src imagewire :file a.png\nx\n#+end_src\n#+end_example", "#+begin_src\nx\n#+end_src",
      "#+begin_src imagewire-mode :file a.png\nx\n#+end_src", "#+begin_",
    ])
  func notRun(text: String) {
    #expect(org(text).blocks == [] && org(text).problems == [])
  }

  @Test func onlyTheFirstLineOfABlockOfOrgHasArguments() {
    let document = org(
      """
      #+PROPERTY: header-args:imagewire :seed 2
      #+header: :seed 3
      #+begin_src imagewire :file a.png
      a
      #+end_src
      """)
    #expect(document.blocks.map { $0.input.isEmpty } == [true])
  }

  @Test func manyBlocksThatDoNotEndAreReadInOnePass() {
    let text = (0..<20_000).map { "#+begin_x\($0)\n" }.joined() + "#+begin_src imagewire :file a.png\na\n#+end_src\n"
    #expect(org(text).blocks.map(\.file) == ["a.png"])
  }

  @Test func aBlockOfOrgThatDoesNotEndIsAProblemAndHidesNoOther() {
    let document = org(
      "#+begin_quote\n#+begin_src imagewire :file a.png\na\n#+end_src\n#+begin_src imagewire :file b.png\nb\n")
    #expect(document.blocks.map(\.file) == ["a.png"] && document.problems.map(\.line) == [5])
    #expect(org("#+begin_src imagewire :file a.png :dir x\na\n#+end_src").problems.map(\.line) == [1])
  }

  @Test func aLockFileIsWrittenTheSameWayForTheSameImages() throws {
    var lock = ImageLock()
    lock["b ö.png"] = .init(
      key: "build-" + String(repeating: "2", count: 32), sha256: String(repeating: "b", count: 64))
    lock["a.png"] = .init(key: "build-" + String(repeating: "1", count: 32), sha256: String(repeating: "a", count: 64))
    #expect(
      lock.text == """
        {
          "images": {
            "a.png": {
              "key": "build-\(String(repeating: "1", count: 32))",
              "sha256": "\(String(repeating: "a", count: 64))"
            },
            "b ö.png": {
              "key": "build-\(String(repeating: "2", count: 32))",
              "sha256": "\(String(repeating: "b", count: 64))"
            }
          },
          "version": 1
        }

        """)
    let read = try ImageLock(parsing: Array(lock.text.utf8))
    #expect(read.text == lock.text && read["a.png"] == lock["a.png"] && read["c.png"] == nil)
  }

  @Test func onlyAFileOfALaterBlockIsReplaced() {
    let entry = ImageLock.Entry(key: "k", sha256: "s")
    #expect(BuildStep(key: "k", entry: entry, existing: .file("s")) == .none)
    #expect(BuildStep(key: "x", entry: entry, existing: .file("s")) == .replace)
    #expect(BuildStep(key: "k", entry: entry, existing: .none) == .make)
    #expect(BuildStep(key: "k", entry: nil, existing: .none) == .make)
    for (entry, existing) in [
      (nil, .file("s")), (entry, .file("t")), (entry, .unreadable("r")), (nil, .unreadable("r")),
    ] as [(ImageLock.Entry?, BuildStep.Existing)] {
      guard case .refuse = BuildStep(key: "k", entry: entry, existing: existing) else {
        Issue.record("\(existing) would be replaced")
        continue
      }
    }
  }
}

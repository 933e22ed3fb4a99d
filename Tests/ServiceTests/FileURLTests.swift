import Testing

@testable import Service

@Suite("URLs of files")
struct FileURLTests {
  @Test(arguments: [
    ("file:///a/b.png", "/a/b.png"), ("file://localhost/a", "/a"), ("file://LocalHost/a", "/a"), ("file:/a", "/a"),
    ("FILE:///a", "/a"), ("file:///a%20b/%C3%A9%25.png", "/a b/é%.png"), ("file:///%2e%2E/x", "/../x"),
    ("file:///", "/"),
    ("file:////a", "//a"), ("file:///a%2Fb", "/a/b"),
  ])
  func paths(url: String, path: String) {
    #expect(FileURL.path(url) == path)
  }

  @Test(arguments: [
    "", "/a", "a", "file", "file:", "file:a", "file://", "file://a", "file://host/a", "file:///a%2", "file:///a%zz",
    "file:///a%+1", "file:///a%00b", "file:///a%ff", "file:///a?b", "file:///a#b", "https://localhost/a", "file:\\\\a",
  ])
  func noPaths(text: String) {
    #expect(FileURL.path(text) == nil)
  }
}

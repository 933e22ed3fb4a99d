internal import HTTP
internal import Predictions

/// A provider that quotes its server in messages: sanitised, shortened, without the key and in quotation marks.
protocol ServerQuoting {
  /// Removed from every quotation; empty where there is none.
  var key: String { get }
}

extension ServerQuoting {
  /// Text of a server on one line, without full stops at its end.
  func clean(_ text: String) -> String {
    var text = SafeText(text, atMost: 500, without: key).description
    while let last = text.last, last == "." || last == " " { text.removeLast() }
    return text
  }

  /// `, saying "…"`, to be put behind a statement; empty where the server says nothing. The quotation marks show a reader,
  /// above all a model, which words are the server's.
  func quoted(_ text: String?) -> String {
    let text = clean(text ?? "")
    return text.isEmpty
      ? "" : ", saying \"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "'"))\""
  }

  /// A reply to be kept unread: asterisks stand in the place of the key, which a server may repeat.
  func withoutKey(_ reply: StoredReply) -> StoredReply {
    let secret = Array(key.utf8)
    guard let first = secret.first, reply.body.count >= secret.count else { return reply }
    var reply = reply
    var place = 0
    while place <= reply.body.count - secret.count {
      if reply.body[place] == first, reply.body[place..<place + secret.count].elementsEqual(secret) {
        for index in place..<place + secret.count { reply.body[index] = UInt8(ascii: "*") }
        place += secret.count
      } else {
        place += 1
      }
    }
    return reply
  }

  /// Why a request failed, in one sentence, without the key: libcurl may name the URL, and a URL may contain it.
  func reason(_ failure: HTTPFailure) -> String { sentences(clean(failure.message)) }
}

extension String {
  /// Whether it contains one of these words, ignoring case.
  func mentions(_ words: [String]) -> Bool {
    let text = Array(lowercased().utf8)
    return words.contains { word in
      let word = Array(word.utf8)
      return text.indices.contains { text[$0...].starts(with: word) }
    }
  }
}

internal import HTTP
internal import Predictions

/// A provider that repeats what its server says: sanitised, short, without the key, and never as words of its own.
protocol ServerQuoting {
  /// What must be in no message; empty where there is none.
  var key: String { get }
}

extension ServerQuoting {
  /// Text of a server on one line, without full stops at its end.
  func clean(_ text: String) -> String {
    var text = SafeText(text, atMost: 500, without: key).description
    while let last = text.last, last == "." || last == " " { text.removeLast() }
    return text
  }

  /// `, saying "…"`, to stand behind what happened: a reader, above all a model, must see whose words they are and where
  /// they end. Empty where the server says nothing.
  func quoted(_ text: String?) -> String {
    let text = clean(text ?? "")
    return text.isEmpty
      ? "" : ", saying \"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "'"))\""
  }

  /// Why a request failed, as a sentence. libcurl may name the URL, and a URL may hold the key.
  func reason(_ failure: HTTPFailure) -> String { sentences(clean(failure.message)) }
}

extension String {
  /// Whether it has one of these words, whatever the case.
  func mentions(_ words: [String]) -> Bool {
    let text = Array(lowercased().utf8)
    return words.contains { word in
      let word = Array(word.utf8)
      return text.indices.contains { text[$0...].starts(with: word) }
    }
  }
}

import Encoding
import JSON
import Predictions
import Testing

@Suite("Fingerprints of requests")
struct FingerprintTests {
  private func fingerprint(_ input: String, provider: String = "p", model: String = "m") throws -> [UInt8] {
    let object = try #require(try JSONValue(parsing: input).object)
    return Fingerprint.of(provider: provider, model: model, input: object)
  }

  @Test(
    "the same, however it is written",
    arguments: [
      (#"{"a":1,"b":2}"#, #"{ "b" : 2, "a" : 1 }"#),
      (#"{"a":{"x":1,"y":[{"p":1,"q":2}]}}"#, #"{"a":{"y":[{"q":2,"p":1}],"x":1}}"#),
      (#"{"n":1}"#, #"{"n":1.0}"#),
      (#"{"n":1}"#, #"{"n":1e0}"#),
      (#"{"n":1}"#, #"{"n":10e-1}"#),
      (#"{"n":0}"#, #"{"n":-0.0}"#),
      (#"{"n":1500}"#, #"{"n":1.5E+3}"#),
      (#"{"n":9007199254740993}"#, #"{"n":9007199254740993.0}"#),
      (#"{"s":"é/"}"#, #"{"s":"\u00e9\/"}"#),
      (#"{"é":1}"#, #"{"\u00E9":1}"#),
      (#"{"s":"😀"}"#, #"{"s":"\ud83d\ude00"}"#),
      (#"{"a":1,"a":2}"#, #"{"a":2}"#),
    ])
  func same(one: String, other: String) throws {
    #expect(try fingerprint(one) == fingerprint(other))
  }

  @Test(
    "different, although they look alike",
    arguments: [
      (#"{"n":9007199254740993}"#, #"{"n":9007199254740992}"#),
      (#"{"n":0.1}"#, #"{"n":0.1000000000000000055511151231257827}"#),
      (#"{"n":1}"#, #"{"n":"1"}"#),
      (#"{"n":1}"#, #"{"n":-1}"#),
      (#"{"n":1}"#, #"{"n":10}"#),
      (#"{"n":0}"#, #"{"n":false}"#),
      (#"{"n":null}"#, #"{}"#),
      (#"{"n":[1,2]}"#, #"{"n":[2,1]}"#),
      (#"{"n":[[1],2]}"#, #"{"n":[1,[2]]}"#),
      (#"{"n":[]}"#, #"{"n":{}}"#),
      (#"{"a":"b"}"#, #"{"b":"a"}"#),
      (#"{"a":1,"b":2}"#, #"{"a":2,"b":1}"#),
      (#"{"s":"a b"}"#, #"{"s":"a  b"}"#),
      ("{\"s\":\"\u{e9}\"}", "{\"s\":\"e\u{301}\"}"),
      (#"{"s":"a\",\"b\":\"c"}"#, #"{"s":"a","b":"c"}"#),
    ])
  func different(one: String, other: String) throws {
    #expect(try fingerprint(one) != fingerprint(other))
  }

  @Test("provider and model count, and their texts cannot be confused")
  func providerAndModel() throws {
    let it = try fingerprint("{}", provider: "ab", model: "c")
    #expect(try fingerprint("{}", provider: "a", model: "bc") != it)
    #expect(try fingerprint("{}", provider: "ab", model: "d") != it)
    #expect(try fingerprint("{}", provider: "ab", model: "c") == it)
    #expect(it.count == 32)
  }

  /// Rows store fingerprints: if they changed between versions, an idempotency key could pay twice.
  @Test("it is the same in every version")
  func isStable() throws {
    let canonical = #"["p","m",{"a":1e0,"b":"é"}]"#
    #expect(try fingerprint(#"{"b":"\u00e9","a":1.0}"#) == SHA256.hash(Array(canonical.utf8)))
  }

  @Test("the name of an account does not contain the key, and differs by salt, host and key")
  func account() {
    let name = Account.name(salt: [1, 2], baseURL: "https://a", key: "secret")
    #expect(name.utf8.count == 16)
    #expect(name == Account.name(salt: [1, 2], baseURL: "https://a", key: "secret"))
    let others = [
      Account.name(salt: [1, 3], baseURL: "https://a", key: "secret"),
      Account.name(salt: [1, 2], baseURL: "https://b", key: "secret"),
      Account.name(salt: [1, 2], baseURL: "https://a", key: "secreu"),
      Account.name(salt: [1, 2], baseURL: "https://as", key: "ecret"),
    ]
    #expect(Set(others + [name]).count == 5)
  }
}

internal import JSON
internal import Predictions

/// The members of an input that the sandbox reads: size and number of images, and behaviour to simulate.
struct SandboxInput {
  /// Why an input cannot be used.
  struct Refusal: Error {
    var path: String
    var message: String
  }

  /// The field with the behaviour to simulate.
  static let scriptField = "sandbox"

  private(set) var prompt = ""
  private(set) var width = 1_024
  private(set) var height = 1_024
  private(set) var count = 1
  /// How long the prediction runs, in milliseconds.
  private(set) var delay: Int64 = 0
  private(set) var failure: PredictionFailure.Kind?
  private(set) var isUnsafe = false
  private(set) var isEndless = false
  private(set) var losesReply = false

  /// Reads an input; other members are ignored.
  init(_ input: [UInt8]) throws(Refusal) {
    guard let object = (try? JSONValue(parsing: input))?.object else {
      throw Refusal(path: "prompt", message: "The input is not an object.")
    }
    prompt = object["prompt"]?.string ?? ""
    if let size = object["size"], !size.isNull { try read(size: size) }
    if let number = object["n"], !number.isNull {
      guard let n = number.int64, (1...10).contains(n) else {
        throw Refusal(path: "n", message: "n is \(Self.shown(number)); the sandbox makes 1 to 10 images at a time.")
      }
      count = Int(n)
    }
    if let script = object[Self.scriptField], !script.isNull { try read(script: script) }
  }

  /// `1024x1024`, as OpenAI writes it, or `1024*1024`, as WaveSpeed does.
  private mutating func read(size: JSONValue) throws(Refusal) {
    let sides = size.string?.split(omittingEmptySubsequences: false) { $0 == "x" || $0 == "*" } ?? []
    let numbers = sides.compactMap { side in
      side.utf8.count <= 5 && side.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        ? Int(side) : nil
    }
    guard sides.count == 2, numbers.count == 2, numbers.allSatisfy({ (64...4_096).contains($0) }) else {
      throw Refusal(
        path: "size",
        message: "size is \(Self.shown(size)); the sandbox takes WIDTHxHEIGHT or WIDTH*HEIGHT, 64 to 4096 a side.")
    }
    (width, height) = (numbers[0], numbers[1])
  }

  private mutating func read(script: JSONValue) throws(Refusal) {
    guard let script = script.object else {
      throw Refusal(path: "sandbox", message: "sandbox is \(Self.shown(script)) and not an object.")
    }
    for member in script.members {
      let path = "sandbox.\(member.name)"
      func flag() throws(Refusal) -> Bool {
        guard let flag = member.value.bool else {
          throw Refusal(path: path, message: "\(path) is \(Self.shown(member.value)) and neither true nor false.")
        }
        return flag
      }
      switch member.name {
      case "delay_ms":
        guard let milliseconds = member.value.int64, (0...3_600_000).contains(milliseconds) else {
          throw Refusal(path: path, message: "\(path) is \(Self.shown(member.value)); it is 0 to 3600000.")
        }
        delay = milliseconds
      case "fail":
        guard let kind = member.value.string.flatMap(PredictionFailure.Kind.init) else {
          let kinds = PredictionFailure.Kind.allCases.map(\.rawValue).joined(separator: ", ")
          throw Refusal(path: path, message: "\(path) is \(Self.shown(member.value)); it is one of \(kinds).")
        }
        failure = kind
      case "nsfw": isUnsafe = try flag()
      case "never": isEndless = try flag()
      case "lost_reply": losesReply = try flag()
      default:
        throw Refusal(
          path: path,
          message: "\(path.prefix(64)) is not known; the sandbox takes delay_ms, fail, nsfw, never and lost_reply.")
      }
    }
  }

  private static func shown(_ value: JSONValue) -> String {
    let text = value.text
    return text.utf8.count <= 60 ? text : "\(text.prefix(60))…"
  }
}

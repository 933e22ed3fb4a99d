internal import JSON
public import Predictions

/// One result of `imagewire doctor`.
public struct Finding: Sendable, Equatable {
  /// How severe it is.
  public enum Level: String, Sendable {
    /// No problem.
    case ok
    /// Something works less well than it could.
    case warning
    /// Something does not work.
    case problem
  }

  /// How severe it is.
  public var level: Level
  /// The thing that was checked, in one or two words.
  public var subject: SafeText
  /// The result, without a full stop. It never contains a key.
  public var message: SafeText
  /// What to do; `nil` where nothing is to be done.
  public var advice: SafeText?

  /// A finding.
  public init(_ level: Level, _ subject: SafeText, _ message: SafeText, advice: SafeText? = nil) {
    self.level = level
    self.subject = subject
    self.message = message
    self.advice = advice
  }
}

/// Prints the results of `imagewire doctor`.
public enum Doctor {
  /// Prints the findings. Returns `failed` where one is a problem.
  public static func report(_ findings: [Finding], asJSON: Bool, to console: Console) -> ExitStatus {
    let problems = findings.count { $0.level == .problem }
    let warnings = findings.count { $0.level == .warning }
    if asJSON {
      console.print(json: json(findings).serialized)
    } else {
      let style = console.styles(onTerminal: console.isOutputTerminal)
      for line in lines(findings, style) { console.print(line) }
      console.print("")
      let counted: SafeText =
        problems == 0 && warnings == 0
        ? "All is well." : "\(count(problems, "problem")), \(count(warnings, "warning"))."
      console.print("\(counted) Nothing was spent.")
    }
    return problems == 0 ? .done : .failed
  }

  static func lines(_ findings: [Finding], _ style: Style) -> [SafeText] {
    let width = findings.map(\.subject.description.count).max() ?? 0
    return findings.flatMap { finding -> [SafeText] in
      let word =
        switch finding.level {
        case .ok: style.green("ok     ")
        case .warning: style.yellow("warning")
        case .problem: style.red("problem")
        }
      func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
      let subject = style.bold("\(finding.subject)\(spaces(width - finding.subject.description.count))")
      let first: SafeText = "\(word)  \(subject)  \(finding.message)"
      return [first] + (finding.advice.map { ["\(spaces(width + 11))→ \($0)"] } ?? [])
    }
  }

  static func json(_ findings: [Finding]) -> JSONValue {
    .object(
      JSONObject([
        ("healthy", .bool(!findings.contains { $0.level == .problem })),
        (
          "findings",
          .array(
            findings.map { finding in
              .object(
                JSONObject([
                  ("level", .string(finding.level.rawValue)), ("subject", .string(finding.subject.description)),
                  ("message", .string(finding.message.description)),
                  ("advice", finding.advice.map { .string($0.description) } ?? .null),
                ]))
            })
        ),
      ]))
  }

  private static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
}

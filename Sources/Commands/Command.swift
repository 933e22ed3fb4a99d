/// One command: a row of the table from which the parser, `--help`, the man page and the completions are rendered.
public struct Command: Sendable, Equatable {
  /// Its name on the command line.
  public let name: String
  /// One line for lists, without a full stop.
  public let summary: String
  /// Paragraphs for its own help; a line break within one is a space.
  public let details: [String]
  /// The positional arguments, in order.
  public let operands: [Operand]
  /// The options beside `--help`.
  public let options: [CommandOption]
  /// Example command lines.
  public let examples: [Example]
  /// Whether lists leave it out: it is only used to build packages, or by the program itself.
  public let isHidden: Bool

  init(
    _ name: String, _ summary: String, details: [String] = [], operands: [Operand] = [], options: [CommandOption] = [],
    examples: [Example] = [], isHidden: Bool = false
  ) {
    self.name = name
    self.summary = summary
    self.details = details
    self.operands = operands
    self.options = options
    self.examples = examples
    self.isHidden = isHidden
  }

  /// An example and its effect.
  public struct Example: Sendable, Equatable {
    /// The command line.
    public let line: String
    /// Its effect, without a full stop.
    public let meaning: String

    init(_ line: String, _ meaning: String) {
      self.line = line
      self.meaning = meaning
    }
  }
}

/// A positional argument.
public struct Operand: Sendable, Equatable {
  /// Its name in capitals, such as `PROMPT`.
  public let name: String
  /// One line, without a full stop.
  public let summary: String
  /// Whether a call without it is refused.
  public let isRequired: Bool
  /// Whether it may be given several times; only the last operand may.
  public let repeats: Bool
  /// The allowed words; empty where any text is allowed.
  public let choices: [String]
  /// Whether it may be the path of a file, which a shell completes.
  public let isFile: Bool

  init(
    _ name: String, _ summary: String, isRequired: Bool = true, repeats: Bool = false, choices: [String] = [],
    isFile: Bool = false
  ) {
    self.isFile = isFile
    self.name = name
    self.summary = summary
    self.isRequired = isRequired
    self.repeats = repeats
    self.choices = choices
  }

  /// Longer choices stand in its summary instead of the usage line.
  private static let longestChoice = 40

  /// Its form in a usage line.
  var usage: String {
    let words = choices.joined(separator: "|")
    let name = words.isEmpty || words.utf8.count > Self.longestChoice ? name : words
    let repeated = repeats ? "\(name)…" : name
    return isRequired ? repeated : "[\(repeated)]"
  }
}

/// An option.
public struct CommandOption: Sendable, Equatable {
  /// The type of its value, which decides what is accepted and what a shell completes.
  public enum Value: Sendable, Equatable {
    /// No value.
    case none
    /// Any text; the name is its placeholder in help.
    case text(String)
    /// A path of a file.
    case file
    /// A path of a folder.
    case folder
    /// A whole number within these bounds.
    case number(ClosedRange<Int>)
    /// A sum of money in US dollars.
    case dollars
    /// A number of hours, days or weeks; see `Age`.
    case age
    /// One of these words.
    case choice([String])
  }

  /// With its dashes: `--model`.
  public let name: String
  /// Its short form, where it has one: `-m`.
  public let letter: String?
  /// The type of its value.
  public let value: Value
  /// One line, without a full stop.
  public let summary: String
  /// Whether it may be given several times.
  public let repeats: Bool
  /// Whether a call without it is refused.
  public let isRequired: Bool
  /// Whether help leaves it out.
  public let isHidden: Bool

  init(
    _ name: String, _ letter: String? = nil, _ value: Value = .none, _ summary: String, repeats: Bool = false,
    isRequired: Bool = false, isHidden: Bool = false
  ) {
    self.name = name
    self.letter = letter
    self.value = value
    self.summary = summary
    self.repeats = repeats
    self.isRequired = isRequired
    self.isHidden = isHidden
  }

  /// The placeholder of its value in help; `nil` for an option without a value.
  var placeholder: String? {
    switch value {
    case .none: nil
    case .text(let name): name
    case .file: "FILE"
    case .folder: "DIR"
    case .number: "N"
    case .dollars: "USD"
    case .age: "AGE"
    case .choice(let words): words.joined(separator: "|")
    }
  }

  /// `-m, --model NAME`
  var usage: String {
    let names = letter.map { "\($0), \(name)" } ?? name
    return placeholder.map { "\(names) \($0)" } ?? names
  }
}

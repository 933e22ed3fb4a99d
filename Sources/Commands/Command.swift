/// One command: a row of the one table from which the parsing, `--help`, the man page and the completions are made.
public struct Command: Sendable, Equatable {
  /// What is typed.
  public let name: String
  /// One line for lists: no full stop.
  public let summary: String
  /// Paragraphs for its own help; a line break within one is a space.
  public let details: [String]
  /// What is given by position, in order.
  public let operands: [Operand]
  /// What it takes besides `--help`.
  public let options: [CommandOption]
  /// Lines to try.
  public let examples: [Example]
  /// Whether lists leave it out: it is for building the program, not for using it.
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

  /// A line to try, and what it does.
  public struct Example: Sendable, Equatable {
    /// As typed.
    public let line: String
    /// No full stop.
    public let meaning: String

    init(_ line: String, _ meaning: String) {
      self.line = line
      self.meaning = meaning
    }
  }
}

/// Something given by its position.
public struct Operand: Sendable, Equatable {
  /// In capitals: `PROMPT`.
  public let name: String
  /// One line, no full stop.
  public let summary: String
  /// Whether a call without it is refused.
  public let isRequired: Bool
  /// Whether more may follow; only the last one.
  public let repeats: Bool
  /// The only words it may be; any where empty.
  public let choices: [String]

  init(_ name: String, _ summary: String, isRequired: Bool = true, repeats: Bool = false, choices: [String] = []) {
    self.name = name
    self.summary = summary
    self.isRequired = isRequired
    self.repeats = repeats
    self.choices = choices
  }

  /// As a usage line has it.
  var usage: String {
    let name = choices.isEmpty ? name : choices.joined(separator: "|")
    let repeated = repeats ? "\(name)…" : name
    return isRequired ? repeated : "[\(repeated)]"
  }
}

/// Something given by name.
public struct CommandOption: Sendable, Equatable {
  /// What its value is, which decides what is accepted and what a shell completes.
  public enum Value: Sendable, Equatable {
    /// It has none.
    case none
    /// Any text; the name stands for it in help.
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
  /// One letter with its dash, where it has one: `-m`.
  public let letter: String?
  /// What follows it.
  public let value: Value
  /// One line, no full stop.
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

  /// What help calls its value; `nil` where it has none.
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

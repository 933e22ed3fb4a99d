internal import Predictions

/// A command line, read with the command table.
public struct Invocation: Sendable, Equatable {
  /// What the command line asks for.
  public enum Action: Sendable, Equatable {
    /// The command itself.
    case run
    /// The help of the command, or of all where none was named.
    case help
    /// The version.
    case version
  }

  /// The command; `serve` where none was named.
  public let command: Command
  /// Whether a command was named.
  public let isNamed: Bool
  /// The command itself, its help or the version.
  public private(set) var action = Action.run
  /// The positional arguments.
  public private(set) var operands: [String] = []
  private var values: [String: [String]] = [:]

  /// Reads the arguments after the name of the program.
  public init(_ arguments: [String], of table: CommandTable) throws(UsageError) {
    var rest = arguments[...]
    var name = "serve"
    var isNamed = false
    if rest.first == "help" {
      rest.removeFirst()
      rest = rest.prefix(1) + ["--help"]
    }
    if let first = rest.first, !first.hasPrefix("-") {
      name = first
      isNamed = true
      rest.removeFirst()
    }
    guard let command = table[name] else {
      let near = Spelling.nearest(to: name, among: table.visible.map(\.name)).map { " Did you mean \"\($0)\"?" } ?? ""
      throw UsageError("There is no command \"\(name)\".\(near) See imagewire --help.")
    }
    self.command = command
    self.isNamed = isNamed
    try read(&rest, of: table)
    guard action == .run else { return }
    if let missing = command.options.first(where: { $0.isRequired && values[$0.name] == nil }) {
      throw UsageError("\(missing.name) is missing: \(missing.summary).", command)
    }
    for (index, operand) in command.operands.enumerated() {
      guard index < operands.count else {
        if operand.isRequired { throw UsageError("\(operand.name) is missing: \(operand.summary).", command) }
        break
      }
      let isKnown = operand.choices.isEmpty || operand.choices.contains(operands[index])
      if !isKnown {
        throw UsageError(
          "\(operand.name) must be \(alternatives(operand.choices)), not \"\(operands[index])\".", command)
      }
    }
    if command.operands.last?.repeats != true, operands.count > command.operands.count {
      let extra = operands[command.operands.count]
      let hint = command.operands.isEmpty ? "" : " Quote an argument that contains spaces."
      throw UsageError("\"\(extra)\" is not expected.\(hint)", command)
    }
  }

  private mutating func read(_ rest: inout ArraySlice<String>, of table: CommandTable) throws(UsageError) {
    while let argument = rest.popFirst() {
      if argument == "--" {
        operands += rest
        return
      }
      guard argument.hasPrefix("-"), argument != "-" else {
        if !isNamed, table[argument] != nil {
          throw UsageError(
            "The command goes before its options: imagewire \(argument) … See imagewire --help.")
        }
        operands.append(argument)
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      switch parts[0] {
      case "--help", "-h":
        action = .help
        return
      case "--version" where !isNamed:
        action = .version
        return
      default: break
      }
      guard let option = command.options.first(where: { $0.name == parts[0] || $0.letter == parts[0] }) else {
        let names = command.options.filter { !$0.isHidden }.map(\.name) + ["--help"]
        let near = Spelling.nearest(to: parts[0], among: names).map { " Did you mean \($0)?" } ?? ""
        throw UsageError("There is no option \(parts[0]).\(near)", isNamed ? command : nil)
      }
      if option.value == .none {
        if parts.count == 2 { throw UsageError("\(option.name) takes no value.", command) }
        values[option.name] = [""]
        continue
      }
      guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
        throw UsageError("\(option.name) needs a value: \(option.summary).", command)
      }
      try check(value, for: option)
      if option.repeats { values[option.name, default: []].append(value) } else { values[option.name] = [value] }
    }
  }

  private func check(_ value: String, for option: CommandOption) throws(UsageError) {
    switch option.value {
    case .none, .text: break
    case .file, .folder:
      if value.isEmpty { throw UsageError("\(option.name) needs a path.", command) }
    case .number(let range):
      guard let number = Int(value), range.contains(number) else {
        throw UsageError(
          "\(option.name) must be a number from \(range.lowerBound) to \(range.upperBound), not \"\(value)\".", command)
      }
    case .dollars:
      guard Double(value).flatMap(Money.micros) != nil else {
        throw UsageError("\(option.name) must be a number of dollars, not \"\(value)\".", command)
      }
    case .age:
      guard Age.milliseconds(of: value) != nil else {
        throw UsageError("\(option.name) must be an age such as 12h, 90d or 8w, not \"\(value)\".", command)
      }
    case .choice(let words):
      guard words.contains(value) else {
        throw UsageError("\(option.name) must be \(alternatives(words)), not \"\(value)\".", command)
      }
    }
  }

  // MARK: - Options

  /// The value of an option, by its long name; the last one where it was given twice.
  public func value(_ name: String) -> String? { values[name]?.last }

  /// All values of an option, in order.
  public func values(_ name: String) -> [String] { values[name] ?? [] }

  /// The options that were given, by their long names.
  public var names: Set<String> { Set(values.keys) }

  /// Whether an option was given.
  public func has(_ name: String) -> Bool { values[name] != nil }

  /// The value of an option that is a number.
  public func number(_ name: String) -> Int? { value(name).flatMap { Int($0) } }
}

/// A command line that cannot be used.
public struct UsageError: Error, Equatable {
  /// One or two sentences.
  public var message: String

  /// - Parameter command: the command whose help the message refers to; `nil` for the general help or none.
  init(_ message: String, _ command: Command? = nil) {
    self.message = command.map { "\(message) See imagewire \($0.name) --help." } ?? message
  }
}

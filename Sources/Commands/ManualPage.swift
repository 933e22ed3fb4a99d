/// The man page in the format of man(7), rendered from the command table.
public struct ManualPage: Sendable {
  private let table: CommandTable
  private let version: String

  /// A page for this version.
  public init(_ table: CommandTable, version: String) {
    self.table = table
    self.version = version
  }

  /// The page.
  public var text: String {
    var lines = [
      ".\\\" Rendered by imagewire manual from the table of commands.",
      ".TH IMAGEWIRE 1 \"\" \"imagewire \(version)\" \"User Commands\"", ".SH NAME",
      "imagewire \\- image generation for programs and people", ".SH SYNOPSIS",
    ]
    for command in table.visible {
      lines += [".B imagewire \(Self.escaped(command.name))"]
      let rest = Help.arguments(command).map { "\\fI\(Self.escaped($0))\\fR" } + ["[\\fIoptions\\fR]"]
      lines += [rest.joined(separator: " "), ".br"]
    }
    lines += [
      ".SH DESCRIPTION",
      "Without a command imagewire speaks JSON\\-RPC 2.0 on standard input and output, for programs. The commands do the",
      "same for people, with the same database: a prediction of one process can be listed, waited for or cancelled by",
      "another. A prediction is on disk before anything is sent, and it is sent at most once.", ".SH COMMANDS",
    ]
    for command in table.visible {
      lines += [".SS \(Self.escaped(Help.usage(command)))", Self.escaped(Self.sentence(command.summary))]
      for paragraph in command.details { lines += [".PP", Self.escaped(paragraph)] }
      for operand in command.operands { lines += Self.entry(operand.name, operand.summary) }
      for option in command.options where !option.isHidden { lines += Self.entry(option.usage, option.summary) }
      if !command.examples.isEmpty { lines += [".PP", "Examples:"] }
      for example in command.examples {
        lines += [".PP", Self.escaped(Self.sentence(example.meaning)), ".PP", ".nf", ".RS"]
        lines += [Self.escaped(example.line), ".RE", ".fi"]
      }
    }
    lines += [".SH ENVIRONMENT"]
    for variable in Help.variables(table) { lines += Self.entry(variable.name, variable.summary) }
    lines += [".SH EXIT STATUS"]
    for status in Help.statuses { lines += Self.entry(String(status.status), status.meaning) }
    lines += [".SH FILES"]
    lines += Self.entry("~/.config/imagewire/config.json", "configuration; the environment and the options win over it")
    lines += Self.entry("~/.local/state/imagewire", "the database, and the images in outputs")
    return lines.joined(separator: "\n") + "\n"
  }

  private static func entry(_ name: String, _ summary: String) -> [String] {
    [".TP", ".B \(escaped(name))", escaped(sentence(summary))]
  }

  private static func sentence(_ text: String) -> String {
    let text = text.prefix(1).uppercased() + text.dropFirst()
    return text.hasSuffix(".") || text.hasSuffix(":") ? text : "\(text)."
  }

  /// Escapes backslashes, hyphens, and a first character that would begin a request of man(7).
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "…": result += "..."
      default: result.append(character)
      }
    }
    return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&\(result)" : result
  }
}

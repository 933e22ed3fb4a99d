import Testing

@testable import Commands

@Suite struct CompletionsTests {
  static let shells = ["bash", "zsh", "fish"]

  private func script(_ shell: String, _ table: CommandTable = .all) throws -> String {
    try #require(Completions(table).script(for: shell))
  }

  /// The words in the part of a script for one command.
  private func words(for command: Command, in script: String, of shell: String) -> Set<Substring> {
    let lines = script.split(separator: "\n")
    let part: [Substring]
    if shell == "fish" {
      part = lines.filter { $0.contains("__fish_seen_subcommand_from \(command.name)'") }
    } else {
      let end = shell == "bash" ? "      ;;" : "          ;;"
      part = Array(lines.drop { $0.drop { $0 == " " } != "\(command.name))" }.prefix { $0 != end })
    }
    return Set(part.flatMap { $0.split { !$0.isLetter && !$0.isNumber && !"-_./".contains($0) } })
  }

  @Test("no other shell has a script")
  func others() {
    #expect(Completions(.all).script(for: "sh") == nil)
  }

  @Test("every visible command is completed, and no hidden one", arguments: shells)
  func commands(shell: String) throws {
    let words = Set(try script(shell).split { !$0.isLetter && $0 != "-" })
    for command in CommandTable.all.commands {
      #expect(words.contains(command.name[...]) == !command.isHidden, "\(command.name)")
    }
  }

  @Test("every visible option and every choice is completed, and no hidden option", arguments: shells)
  func options(shell: String) throws {
    let script = try script(shell)
    for command in CommandTable.all.visible {
      let words = words(for: command, in: script, of: shell)
      #expect(!words.isEmpty, "\(command.name)")
      for option in command.options {
        let name = shell == "fish" ? option.name.dropFirst(2) : option.name[...]
        #expect(words.contains(name) == !option.isHidden, "\(command.name) \(option.name)")
        guard !option.isHidden, case .choice(let choices) = option.value else { continue }
        for choice in choices { #expect(words.contains(choice[...]), "\(command.name) \(option.name) \(choice)") }
      }
      for choice in command.operands.flatMap(\.choices) {
        #expect(words.contains(choice[...]), "\(command.name) \(choice)")
      }
    }
  }

  /// The text of a script outside single quotes; `nil` where a quote stays open.
  private func unquoted(_ script: String, of shell: String) -> String? {
    var text = ""
    var isQuoted = false
    var characters = script.makeIterator()
    while let character = characters.next() {
      if character == "\\", !isQuoted || shell == "fish" {
        _ = characters.next()
      } else if character == "'" {
        isQuoted.toggle()
      } else if !isQuoted {
        text.append(character)
      }
    }
    return isQuoted ? nil : text
  }

  @Test(
    "texts with quotes and backslashes stay inside their quotes", arguments: shells,
    ["it's run", "run'; run '", "run\\", "\\' run", "\"run\" $(run) `run`", "'run'"])
  func quotes(shell: String, text: String) throws {
    let command = Command(
      "paint", text, operands: [Operand("PLACE", text, choices: ["here", text])],
      options: [
        CommandOption("--colour", "-c", .choice(["red", text]), text),
        CommandOption("--size", nil, .text("SIZE"), text),
      ])
    let outside = try #require(unquoted(try script(shell, CommandTable([command])), of: shell))
    #expect(!outside.contains("run"))
  }
}

/// Scripts that complete commands, options and their values in a shell, rendered from the command table.
public struct Completions: Sendable {
  private let table: CommandTable

  /// Completions of these commands.
  public init(_ table: CommandTable) {
    self.table = table
  }

  /// The script for `bash`, `zsh` or `fish`; `nil` for any other shell.
  public func script(for shell: String) -> String? {
    switch shell {
    case "bash": bash
    case "zsh": zsh
    case "fish": fish
    default: nil
    }
  }

  private static func options(_ command: Command) -> [CommandOption] {
    command.options.filter { !$0.isHidden } + [CommandOption("--help", "-h", .none, Help.helpSummary)]
  }

  // MARK: - bash

  private var bash: String {
    let names = table.visible.map(\.name).joined(separator: " ")
    var lines = [
      "# bash completion for imagewire; rendered by imagewire completions bash.",
      "_imagewire() {", "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}",
      "  local command=${COMP_WORDS[1]} options='' words='' files=''", "  COMPREPLY=()",
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then",
      "    COMPREPLY=($(compgen -W \"\(names) help --help --version\" -- \"$current\"))",
      "    return", "  fi", "  case $command in",
    ]
    for command in table.visible {
      let options = Self.options(command)
      lines += ["    \(command.name))", "      case $previous in"]
      for option in options {
        let names = [option.letter, option.name].compactMap { $0 }.joined(separator: "|")
        switch option.value {
        case .none: break
        case .text, .number, .dollars, .age: lines += ["        \(names)) return ;;"]
        case .file: lines += ["        \(names)) COMPREPLY=($(compgen -f -- \"$current\")); return ;;"]
        case .folder: lines += ["        \(names)) COMPREPLY=($(compgen -d -- \"$current\")); return ;;"]
        case .choice(let words):
          lines += [
            "        \(names)) COMPREPLY=($(compgen -W \(Self.quoted(words)) -- \"$current\")); return ;;"
          ]
        }
      }
      lines += ["      esac", "      options='\(options.map(\.name).joined(separator: " "))'"]
      let words = command.operands.flatMap(\.choices)
      if !words.isEmpty { lines += ["      words=\(Self.quoted(words))"] }
      if command.operands.contains(where: \.isFile) { lines += ["      files=yes"] }
      lines += ["      ;;"]
    }
    lines += [
      "    help) words='\(names)' ;;", "  esac",
      "  case $current in", "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;",
      "    *) COMPREPLY=($(compgen -W \"$words\" ${files:+-f} -- \"$current\")) ;;", "  esac", "}",
      "complete -o filenames -F _imagewire imagewire",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: - zsh

  private var zsh: String {
    var lines = [
      "#compdef imagewire", "# zsh completion for imagewire; rendered by imagewire completions zsh.", "_imagewire() {",
      "  local context state line", "  local -a commands", "  commands=(",
    ]
    for command in table.visible { lines += ["    \(Self.quoted("\(command.name):\(Self.colons(command.summary))"))"] }
    lines += [
      "  )", "  _arguments -C '1: :->command' '*:: :->rest'", "  case $state in",
      "    command) _describe command commands ;;", "    rest)", "      case $words[1] in",
    ]
    for command in table.visible {
      lines += ["        \(command.name))", "          _arguments \\"]
      for option in Self.options(command) { lines += Self.zsh(option).map { "            \($0) \\" } }
      // Any other operand is left out: zsh would show a message in its place and insert no options.
      for operand in command.operands where operand.isFile || !operand.choices.isEmpty {
        let action = operand.isFile ? "_files" : "(\(operand.choices.joined(separator: " ")))"
        lines += ["            \(Self.quoted("\(operand.repeats ? "*" : ""):\(operand.name):\(action)")) \\"]
      }
      lines[lines.count - 1].removeLast(2)
      lines += ["          ;;"]
    }
    lines += ["      esac", "      ;;", "  esac", "}"]
    // The script works both as a file in `fpath` and when it is sourced.
    lines += [
      "if [ \"$funcstack[1]\" = _imagewire ]; then _imagewire \"$@\"; else compdef _imagewire imagewire; fi"
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func zsh(_ option: CommandOption) -> [String] {
    let action: String
    switch option.value {
    case .none: action = ""
    case .text(let name): action = ":\(name): "
    case .number: action = ":N: "
    case .dollars: action = ":USD: "
    case .age: action = ":AGE: "
    case .file: action = ":FILE:_files"
    case .folder: action = ":DIR:_files -/"
    case .choice(let words): action = ":VALUE:(\(words.joined(separator: " ")))"
    }
    let summary = "[\(option.summary.filter { $0 != "[" && $0 != "]" })]"
    return [option.letter, option.name].compactMap { $0 }.map { name in
      quoted((option.repeats ? "*" : "") + name + summary + action)
    }
  }

  private static func colons(_ text: String) -> String {
    text.reduce(into: "") { $0 += $1 == ":" ? "\\:" : String($1) }
  }

  // MARK: - fish

  private var fish: String {
    var lines = [
      "# fish completion for imagewire; rendered by imagewire completions fish.", "complete -c imagewire -f",
      "complete -c imagewire -n __fish_use_subcommand -l version -d 'the version'",
    ]
    for command in table.visible {
      lines += [
        "complete -c imagewire -n __fish_use_subcommand -a \(command.name) -d \(Self.fishQuoted(command.summary))"
      ]
    }
    for command in table.visible {
      let condition = "-n '__fish_seen_subcommand_from \(command.name)'"
      for option in Self.options(command) {
        let letter = option.letter.map { " -s \($0.dropFirst())" } ?? ""
        let value: String
        switch option.value {
        case .none: value = ""
        case .text, .number, .dollars, .age: value = " -x"
        case .file: value = " -r -F"
        case .folder: value = " -x -a '(__fish_complete_directories)'"
        case .choice(let words): value = " -x -a \(Self.fishQuoted(words.joined(separator: " ")))"
        }
        lines += [
          "complete -c imagewire \(condition)\(letter) -l \(option.name.dropFirst(2))\(value) -d \(Self.fishQuoted(option.summary))"
        ]
      }
      let words = command.operands.flatMap(\.choices)
      if !words.isEmpty {
        lines += ["complete -c imagewire \(condition) -a \(Self.fishQuoted(words.joined(separator: " ")))"]
      }
      if command.operands.contains(where: \.isFile) { lines += ["complete -c imagewire \(condition) -F"] }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Quoted for bash and zsh.
  private static func quoted(_ text: String) -> String {
    "'" + text.reduce(into: "") { $0 += $1 == "'" ? "'\\''" : String($1) } + "'"
  }

  private static func quoted(_ words: [String]) -> String { quoted(words.joined(separator: " ")) }

  /// Quoted for fish, where a backslash also escapes within single quotes.
  private static func fishQuoted(_ text: String) -> String {
    "'" + text.reduce(into: "") { $0 += $1 == "'" || $1 == "\\" ? "\\\($1)" : String($1) } + "'"
  }
}

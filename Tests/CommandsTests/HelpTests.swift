import Testing

@testable import Commands

@Suite struct HelpTests {
  @Test("no line of help is wider than 80 columns, apart from example commands")
  func width() {
    let help = Help(.all)
    let examples = Set(CommandTable.all.commands.flatMap(\.examples).map { "  \($0.line)" })
    let texts = [help.text] + CommandTable.all.commands.map { help.text(of: $0) }
    let lines = texts.flatMap { $0.split(separator: "\n").map(String.init) }
    #expect(lines.filter { $0.count > 80 && !examples.contains($0) } == [])
  }

  @Test("help names every visible command")
  func commands() {
    let words = Set(Help(.all).text.split { " \n".contains($0) })
    for command in CommandTable.all.visible { #expect(words.contains(command.name[...]), "\(command.name)") }
  }

  @Test("the help of a command names its arguments and its visible options", arguments: CommandTable.all.commands)
  func options(command: Command) {
    let words = Set(Help(.all).text(of: command).split { " \n,".contains($0) })
    for operand in command.operands { #expect(words.contains(operand.name[...]), "\(operand.name)") }
    for option in command.options { #expect(words.contains(option.name[...]) == !option.isHidden, "\(option.name)") }
  }

  @Test("a text is wrapped between words, and a word that is too long gets its own line")
  func wrapping() {
    #expect(Help.wrapped("one two three", to: 7) == ["one two", "three"])
    #expect(Help.wrapped("one two three", to: 6) == ["one", "two", "three"])
    #expect(Help.wrapped("a far-too-long-word b", to: 5) == ["a", "far-too-long-word", "b"])
    #expect(Help.wrapped("", to: 5) == [""])
  }

  @Test("a name that is too wide for its column stands above its summary")
  func wideNames() {
    let command = Command(
      "paint", "paint",
      options: [
        CommandOption("--a", nil, .none, "short"),
        CommandOption("--colour", nil, .choice(["ultramarine", "vermilion", "viridian"]), "long"),
      ])
    let lines = Help(CommandTable([command])).text(of: command).split(separator: "\n").map(String.init)
    #expect(lines.contains("  --a" + String(repeating: " ", count: 29) + "short"))
    let name = lines.firstIndex(of: "  --colour ultramarine|vermilion|viridian")
    #expect(name.map { lines[$0 + 1] } == String(repeating: " ", count: 34) + "long")
  }
}

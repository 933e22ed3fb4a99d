internal import Predictions

// The commands about models and money, and `open`.
extension CommandTable {
  static func models(_ provider: CommandOption) -> Command {
    Command(
      "models", "list the models of a provider, with prices; spends nothing",
      details: [
        "A line for each model: id, what it makes, its base price in US dollars, description. A + behind the price: fields of "
          + "the input raise it; imagewire quote knows by how much. With words, only models that have all of them in the id, "
          + "name, description or kind. --model shows one model and the fields of its input."
      ],
      operands: [Operand("WORDS", "only models with these words", isRequired: false, repeats: true)],
      options: [
        CommandOption("--kind", "-k", .choice(ModelKind.allCases.map(\.rawValue)), "only models that make this"),
        CommandOption("--model", "-m", .text("NAME"), "only this model, with the fields of its input"),
        provider, json,
      ] + table,
      examples: [
        .init("imagewire models seedream edit", "models of a family that edit"),
        .init("imagewire models -m acme/brush/edit", "what a model takes"),
      ])
  }

  static func balance(_ provider: CommandOption) -> Command {
    Command("balance", "print the balance of the provider's account", options: [provider, json] + table)
  }

  static let open = Command(
    "open", "show a file of a prediction with the program of your desktop",
    details: [
      "Runs xdg-open (macOS: open) with the file. A file that may contain scripts or programs (SVG, web pages, archives, unknown "
        + "formats) is not opened: its path is printed instead. Without a display, too."
    ],
    operands: [Operand("ID", "\(id.summary); ID/2 is its second file")],
    options: [CommandOption("--print", nil, .none, "only print the path")] + table,
    examples: [
      .init("imagewire open @last", "show the newest image"),
      .init("cp \"$(imagewire open --print @last)\" .", "copy it"),
    ])
}

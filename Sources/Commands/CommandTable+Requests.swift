internal import Predictions

// The commands that describe a request: `generate`, `edit`, `again`, `build`, `quote` and `validate`.
extension CommandTable {
  // MARK: - Options that they share

  private static let set = CommandOption(
    "--set", "-s", .text("NAME=VALUE"), "a field of the model's input", repeats: true)
  private static let upload = CommandOption(
    "--upload", "-u", .text("NAME=FILE"), "a field of the model's input that is a local image", repeats: true)
  private static let image = CommandOption(
    "--image", "-i", .text("ID|FILE"), "an image for the field of the model that takes images", repeats: true)
  private static let input = CommandOption("--input", nil, .text("JSON"), "the model's input as a JSON object")
  private static let inputs = [set, upload, image, input]

  private static let output = CommandOption(
    "--output", "-o", .file, "where to save the file; the extension follows its format, and no file is replaced")
  private static let keyAndTags = [
    CommandOption("--key", nil, .text("TEXT"), "idempotency key: reusing it returns the same prediction"),
    CommandOption("--tag", nil, .text("TEXT"), "a label, for list", repeats: true),
  ]
  private static let costs = [
    CommandOption("--max-cost", nil, .dollars, "refuse it if it costs more, or if its price is not known"),
    CommandOption(
      "--max-cost-estimates", nil, .none, "with --max-cost, go by the price also where it is an estimate (see quote)"),
  ]
  private static let predictionJSON = CommandOption(
    "--json", nil, .none, "print the prediction as JSON, as the method result returns it")
  private static let ending =
    keyAndTags + costs + [timeout, show, predictionJSON, quiet, outputDirectory] + limits + table
  private static let submitEnding =
    keyAndTags + costs
    + [
      CommandOption("--json", nil, .none, "print the prediction as JSON, as the method submit returns it"),
      outputDirectory,
    ] + limits + table

  private static let aboutInputs = [
    "--set sets a field of the model's input: --set size=1024x1536 --set n=2. A value that is valid JSON is read as JSON, "
      + "any other value is a string. imagewire models -m NAME lists the fields.",
    "--image fox.png uploads a local image into the field that the model has for images; --image ID or ID/2 puts an output "
      + "of an earlier prediction there, and waits for it if it is not finished; --upload image=fox.png names the field, and --upload images[]=fox.png adds to a list. No other "
      + "path in the input is read or sent.",
  ]

  // MARK: - Commands

  static func generate(_ provider: CommandOption) -> Command {
    Command(
      "generate", "generate an image and print the path of its file",
      details: [
        "Submits a prediction, waits for it, saves its images and prints their paths on stdout, one per line. On a terminal "
          + "a progress bar estimates the remaining time from earlier predictions of the model.",
        "The prediction is on disk before anything is sent, and it is sent at most once. Ctrl-C cancels it and says what it "
          + "may still cost. After a lost connection or a closed terminal, imagewire result ID waits for it again.",
      ] + aboutInputs,
      operands: [Operand("PROMPT", "description of the image; - reads it from standard input")],
      options: [model, provider, output] + inputs + ending,
      examples: [
        .init("imagewire generate \"a red fox in snow\"", "an image in the output folder"),
        .init(
          "imagewire generate \"a red fox in snow\" -o fox.png --set size=1024x1536", "in portrait format, as ./fox.png"
        ),
        .init("imagewire generate \"the same fox, in a forest\" -m acme/remix -i fox.png", "from an image"),
        .init("open \"$(imagewire generate \"a lighthouse\")\"", "open the image with another program"),
      ])
  }

  static func submit(_ provider: CommandOption) -> Command {
    Command(
      "submit", "submit a prediction and print its id at once",
      details: [
        "As generate, without waiting for the images: imagewire result ID waits for them. It ends once the request is sent, or "
          + "has to wait for its turn or for an output of another prediction; then a later imagewire goes on with it."
      ] + aboutInputs,
      operands: [Operand("PROMPT", "description of the image; - reads it from standard input")],
      options: [model, provider, output] + inputs + submitEnding,
      examples: [
        .init(
          "id=$(imagewire submit \"a red fox\") && imagewire edit $id \"add snow\"",
          "an edit of an image that is not finished yet")
      ])
  }

  static func edit(_ providers: [ProviderDescriptor]) -> Command {
    Command(
      "edit", "edit an image and print the path of the new file",
      details: [
        "The image is a file, or an output of an earlier prediction: ID for its first file, ID/2 for the second. If that one "
          + "is not finished, the edit waits for it. A file is uploaded to the provider. The model is the one that edits for the earlier model (edit_model of imagewire models), "
          + "or for the default model; --model names another."
      ],
      operands: [
        Operand("IMAGE", "a file, or the id of a prediction, the beginning of it, or @last", isFile: true),
        Operand("PROMPT", "what to change; - reads it from standard input"),
      ],
      options: [
        model, named(providers, "provider (that of the earlier prediction)"), output, set, upload, input,
      ] + ending,
      examples: [
        .init("imagewire edit @last \"make it blue\"", "edit the newest image"),
        .init("imagewire edit fox.png \"add snow\" -o snow.png", "edit a file"),
      ])
  }

  static func again(_ providers: [ProviderDescriptor]) -> Command {
    Command(
      "again", "repeat a prediction as a new one and print the path of its file",
      details: [
        "Submits the input of an earlier prediction again, to its provider and model. --set and --upload change fields. This costs as "
          + "much as before; imagewire result ID fetches files that are missing.",
        "If --max-cost limited the price of the earlier prediction, the same limit holds, along with --max-cost-estimates; "
          + "--max-cost AMOUNT replaces both.",
      ],
      operands: [id],
      options: [model, named(providers, "provider (that of the earlier prediction)"), output, set, upload] + ending,
      examples: [.init("imagewire again @last --set seed=7", "the same with another seed")])
  }

  static func build(_ provider: CommandOption) -> Command {
    Command(
      "build", "make the images that documents describe, each once",
      details: [
        "In Markdown and Quarto a block ```{.imagewire file=\"fox.png\" size=\"1536x1024\"} has the prompt as its text; in Org "
          + "#+begin_src imagewire :file fox.png, of which only this line counts. model names the model; alt, caption, width, height and fig-… are for the "
          + "document; any other attribute is a field of the model's input, and input='{…}' holds several.",
        "Files are relative to the folder of the document and stay below it. Beside them imagewire.lock.json says by which "
          + "blocks they were made: commit both, and nobody makes or pays for them again. An image is made anew when its prompt, "
          + "model or input is changed. A file that imagewire did not make, or that was changed since, is never replaced.",
        "Blocks with the same prompt, model and input share one image; seed=2 in one of them makes another. The predictions keep a copy in "
          + "the output folder, from which a file that is missing is restored; imagewire list --tag build shows them.",
        "Prints a line for each file: unchanged, made or reused (paid for by an earlier prediction). Ctrl-C withdraws what is not sent; "
          + "the next build goes on with the rest, and pays nothing twice.",
      ],
      operands: [
        Operand(
          "FILE", "documents in Markdown, Quarto or Org; - reads Markdown from standard input", repeats: true,
          isFile: true)
      ],
      options: [
        CommandOption("--dry-run", "-n", .none, "only print what is to be made and what it would cost"),
        CommandOption("--folder", nil, .folder, "the folder to which files are relative (that of each document)"),
        provider,
      ] + costs + [timeout, quiet, outputDirectory] + limits + table,
      examples: [
        .init("imagewire build --dry-run *.qmd", "what the images would cost"),
        .init("imagewire build thesis.org", "make those that are missing"),
      ])
  }

  static func quote(_ provider: CommandOption) -> Command {
    Command(
      "quote", "print what a prediction would cost; spends nothing",
      details: [
        "Prints the price, and whether it is exact. It is an estimate where fields that decide the price are missing: it may "
          + "cost more then. Files are not uploaded for a price, so their fields count as missing."
      ],
      operands: [Operand("PROMPT", "as for generate", isRequired: false)],
      options: [model, provider] + inputs + [json] + table,
      examples: [.init("imagewire quote -m acme/film -s duration=10", "ten seconds of a video")])
  }

  static func validate(_ provider: CommandOption) -> Command {
    Command(
      "validate", "check an input as generate would; spends nothing",
      details: ["Prints each problem, or valid. The exit status is 1 if there is a problem."],
      operands: [Operand("PROMPT", "as for generate", isRequired: false)],
      options: [model, provider] + inputs + [json] + table)
  }

  private static func named(_ providers: [ProviderDescriptor], _ summary: String) -> CommandOption {
    CommandOption("--provider", "-p", .choice(providers.map(\.name)), summary)
  }
}

/// The commands that work on predictions.
public enum Commands {
  /// The commands that make predictions.
  public static let submitting: Set<String> = ["generate", "submit", "edit", "again", "build"]

  /// Runs a command. Returns its exit status, or `nil` for a command that is not listed here.
  public static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus? {
    switch invocation.command.name {
    case "generate": Generate.run(invocation, session)
    case "submit": Generate.submit(invocation, session)
    case "edit": EditCommand.run(invocation, session)
    case "again": AgainCommand.run(invocation, session)
    case "build": BuildCommand.run(invocation, session)
    case "open": OpenCommand.run(invocation, session)
    case "list": ListCommand.run(invocation, session)
    case "status": StatusCommands.status(invocation, session)
    case "result": StatusCommands.result(invocation, session)
    case "reread": StatusCommands.reread(invocation, session)
    case "cancel": StatusCommands.cancel(invocation, session)
    case "delete": StatusCommands.delete(invocation, session)
    case "prune": Prune.run(invocation, session)
    case "models": ModelsCommand.run(invocation, session)
    case "quote": QuoteCommand.run(invocation, session)
    case "validate": ValidateCommand.run(invocation, session)
    case "balance": BalanceCommand.run(invocation, session)
    case "gallery": Gallery.run(invocation, session)
    default: nil
    }
  }
}

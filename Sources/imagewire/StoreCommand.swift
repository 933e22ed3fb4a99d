internal import Commands
internal import Predictions
internal import Storage

/// `imagewire store`.
enum StoreCommand {
  /// Moves the predictions of the state directory into PostgreSQL, and says where they are.
  static func migrate(_ invocation: Invocation, _ configuration: Configuration, to console: Console, log: Log)
    -> ExitStatus
  {
    let target: DatabaseAddress
    if let text = invocation.value("--to") {
      guard let address = DatabaseAddress(text) else {
        log.error("The address of --to is neither postgresql://… nor service=NAME. Nothing was moved.")
        return .usage
      }
      target = address
    } else if let address = configuration.store.value {
      target = address
    } else {
      log.error("Say where to move them, with --to or the variable IMAGEWIRE_STORE. Nothing was moved.")
      return .usage
    }
    do throws(StoreError) {
      let report = try StoreMigration.run(from: configuration.stateDirectory, to: target.text, time: SystemTime())
      console.print(
        """
        \(counted(report.predictions, "prediction")) moved to \(report.target). The old database is in \
        \(SafeText(path: report.old)).
        """)
      return .done
    } catch {
      log.error("\(error.message)")
      if case .failed(_, let hint?) = error { log.error("\(hint)") }
      return .failed
    }
  }
}

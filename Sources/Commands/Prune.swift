internal import JSON
internal import Predictions

/// `imagewire prune`: deletes finished predictions that are old.
enum Prune {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    guard let age = invocation.value("--older-than").flatMap(Age.milliseconds) else { return .usage }
    let hasFiles = invocation.has("--files")
    let (pruned, error): (PredictionEngine.Pruned, StoreError?) = answer { done in
      session.engine.prune(
        acceptedBefore: session.time.now.wall - age, keepTags: invocation.values("--keep-tag"), files: hasFiles
      ) { done(($0, $1)) }
    }
    if invocation.has("--json") {
      console.print(json: json(pruned))
    } else {
      for path in pruned.kept {
        console.error("\(SafeText(path: path)) was changed after it was saved, and was left in place.")
      }
      if console.isErrorTerminal || error != nil {
        console.note(summary(pruned.predictions.count, hasFiles: hasFiles))
      }
    }
    guard let error else { return .done }
    console.error("\(error.message)")
    return .failed
  }

  static func summary(_ count: Int, hasFiles: Bool) -> SafeText {
    if count == 0 { return "Nothing was deleted." }
    let rest = hasFiles ? "" : count == 1 ? "; its files stay" : "; their files stay"
    return "Deleted \(counted(count, "prediction"))\(rest)."
  }

  static func json(_ pruned: PredictionEngine.Pruned) -> [UInt8] {
    let ids = JSONValue.array(pruned.predictions.map { .string($0.description) })
    let kept = JSONValue.array(pruned.kept.map { .string($0) })
    let members =
      [("deleted", ids)] + (pruned.kept.isEmpty ? [] : [("kept", kept)]) + [("scrubbed", .bool(pruned.scrubbed))]
    return JSONValue.object(JSONObject(members)).serialized
  }
}

internal import Encoding
internal import JSON
internal import Predictions
internal import Service

/// `imagewire status`, `result`, `reread`, `cancel` and `delete`.
enum StatusCommands {
  static func status(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    find(invocation.operands[0], session) { snapshot in
      tell(snapshot, invocation, session)
      return .done
    }
  }

  static func result(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    find(invocation.operands[0], session) { snapshot in
      ResultWaiter(invocation, session).follow(snapshot, onInterrupt: .stopWaiting)
    }
  }

  static func reread(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    find(invocation.operands[0], session) { snapshot in
      let id = snapshot.prediction.id
      let outcome: Result<RereadOutcome, StoreError> = answer { session.engine.reread(id, completion: $0) }
      switch outcome {
      case .success(.understood(let after)):
        return ResultWaiter(invocation, session).follow(after, onInterrupt: .stopWaiting)
      case .success(.stillUnreadable(let reason)):
        let path = snapshot.prediction.unreadReply.map { "\n\(SafeText(path: $0))" as SafeText } ?? ""
        session.console.error("\(SafeText(reason)) Nothing was changed; the reply stays in its file.\(path)")
      case .success(.nothingToRead(let found)):
        session.console.error(
          "\(id) is \(found.prediction.status.rawValue), and there is no reply of it that could not be read. Nothing was changed."
        )
      case .success(.notConfigured(let provider)):
        session.console.error(
          "The provider \(provider) is not configured as it was for \(id). imagewire setup configures it. Nothing was changed."
        )
      case .failure(let error): session.console.error("\(error.message)")
      }
      return .failed
    }
  }

  static func cancel(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    find(invocation.operands[0], session) { snapshot in
      let result: Result<PredictionSnapshot, StoreError> = answer { completion in
        session.engine.cancel(
          snapshot.prediction.id, deleteRemote: invocation.has("--delete-remote"), chain: invocation.has("--chain"),
          completion: completion)
        session.engine.settle()
      }
      switch result {
      case .success(let after):
        if invocation.has("--json") {
          session.console.print(json: after.json)
        } else if after.prediction.status == .cancelled {
          session.console.print("\(after.prediction.error)")
        } else {
          session.console.print("The prediction is already \(after.prediction.status.rawValue); nothing was changed.")
        }
        return .done
      case .failure(let error):
        session.console.error("\(error.message)")
        return .failed
      }
    }
  }

  static func delete(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    var ids: [PredictionID] = []
    do throws(PredictionLookup.Failure) {
      for text in invocation.operands {
        let id = try PredictionLookup(session: session).id(text)
        if !ids.contains(id) { ids.append(id) }
      }
    } catch {
      console.tell(error)
      console.note("Nothing was deleted.")
      return .failed
    }
    let (result, kept): (Result<DeleteOutcome, StoreError>, [String]) = answer { completion in
      session.engine.delete(ids, files: invocation.has("--files")) { completion(($0, $1)) }
      session.engine.settle()
    }
    for path in kept { console.error("\(SafeText(path: path)) was changed after it was saved, and was left in place.") }
    switch result {
    case .success(.deleted(let gone, let scrubbed)):
      if invocation.has("--json") {
        console.print(
          json: JSONValue.object(
            JSONObject([
              ("deleted", .array(gone.map { .string($0.id.description) })), ("scrubbed", .bool(scrubbed)),
            ])
          ).serialized)
      } else if console.isErrorTerminal {
        console.note(
          deleted(gone.count, keepsFiles: !invocation.has("--files") && gone.contains { !$0.visibleFiles.isEmpty }))
      }
      return .done
    case .success(.notFound(let id)): console.error("There is no prediction \(id). Nothing was deleted.")
    case .success(.unfinished(let ids)):
      console.error("\(ids[0]) is not finished. Nothing was deleted. imagewire cancel stops it.")
    case .success(.awaited(let ids)):
      console.error("\(ids[0]) waits for an output of it. Nothing was deleted. imagewire cancel stops that one.")
    case .failure(let error): console.error("\(error.message)")
    }
    return .failed
  }

  static func deleted(_ count: Int, keepsFiles: Bool) -> SafeText {
    let rest = keepsFiles ? " The files were kept; --files deletes them too." : ""
    return "Deleted \(counted(count, "prediction")).\(rest)"
  }

  private static func find(
    _ text: String, _ session: Session, _ body: (PredictionSnapshot) -> ExitStatus
  ) -> ExitStatus {
    do throws(PredictionLookup.Failure) {
      return body(try PredictionLookup(session: session).find(text).snapshot)
    } catch {
      session.console.tell(error)
      return .failed
    }
  }

  private static func tell(_ snapshot: PredictionSnapshot, _ invocation: Invocation, _ session: Session) {
    let console = session.console
    if invocation.has("--json") { return console.print(json: snapshot.json) }
    let style = console.styles(onTerminal: console.isOutputTerminal)
    for (name, value) in rows(snapshot, style) {
      console.print("\(style.dim("\(name)\(String(repeating: " ", count: max(1, 10 - name.count)))"))\(value)")
    }
  }

  /// The lines of `imagewire status`: a name and a value.
  static func rows(_ snapshot: PredictionSnapshot, _ style: Style) -> [(String, SafeText)] {
    let it = snapshot.prediction
    var rows: [(String, SafeText)] = [
      ("id", "\(it.id)"), ("status", ListTable.coloured(it.status, "\(it.status.rawValue)", style)),
    ]
    if let waiting = snapshot.waiting {
      rows.append(("waiting", "until \(Timestamp.text(waiting.until)): \(waiting.words)"))
    }
    if !it.waitsFor.isEmpty {
      rows.append(("waits for", .joined(it.waitsFor.map { "\($0)" }, separator: ", ")))
    }
    if let prompt = it.prompt { rows.append(("prompt", SafeText(prompt))) }
    rows += [("model", "\(it.model)"), ("provider", "\(it.provider)"), ("billing", "\(it.billing.rawValue)")]
    rows.append(("created", "\(Timestamp.text(it.createdAt))"))
    if let total = it.totalMilliseconds { rows.append(("took", "\(ProgressBar.seconds(total))")) }
    if let id = it.remoteID { rows.append(("remote id", SafeText(id))) }
    if !it.tags.isEmpty { rows.append(("tags", .joined(it.tags.map { SafeText($0) }, separator: ", "))) }
    for file in it.visibleFiles {
      rows.append(("file", "\(SafeText(path: file.path)) (\(file.kind.rawValue), \(ListCommand.size(file.bytes)))"))
    }
    if !it.error.isEmpty { rows.append(("error", SafeText(it.error))) }
    if let hint = it.failure?.hint { rows.append(("hint", SafeText(hint))) }
    return rows
  }
}

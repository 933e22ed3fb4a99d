internal import JSON
internal import JSONRPC
internal import Predictions

// The tools about images that were made before.
extension MCPToolCall {
  private typealias Parameters = MCPTool.Parameters

  /// `view_image`.
  func view() throws(RPCError) {
    let agent = try call.agent()
    let size = try arguments[Parameters.viewedSize]
    let reference: OutputReference
    switch try imageName(try arguments[Parameters.viewed], in: "id", of: agent) {
    case .output(let output): reference = output
    case .file(let path): return view(fileAt: path, size: size)
    }
    let snapshot: PredictionSnapshot
    do throws(StoreError) {
      snapshot = try agent.snapshot(reference.target)
    } catch {
      throw .storage(error, id: reference.target.description)
    }
    let prediction = snapshot.prediction
    guard prediction.visibleFile(reference.output) != nil else {
      let files = prediction.visibleFiles
      guard files.isEmpty else {
        let known = alternatives(files.map { "\(prediction.id)/\($0.index)" })
        throw .invalidParams("id", "there is no file \(reference.output); there is \(known)")
      }
      return answer(snapshot)
    }
    answer(snapshot, view: true, size: size, file: reference.output)
  }

  /// `get_image`, `get_prediction`.
  func get(isEarlier: Bool) throws(RPCError) {
    let id = try arguments[Parameters.id]
    let timeout = try longestWait()
    let view = try isEarlier ? arguments[Parameters.inline] : arguments[Parameters.view]
    let agent = try call.agent()
    service.name(id, of: agent)
    do throws(StoreError) {
      _ = try agent.snapshot(id)
      try call.wait(for: id, atMost: timeout, in: agent.engine) { answer($0, view: view, isEarlier: isEarlier) }
    } catch {
      throw .storage(error, id: id.description)
    }
  }

  /// `cancel_image`, `cancel_prediction`.
  func cancel(isEarlier: Bool) throws(RPCError) {
    let id = try arguments[Parameters.id]
    let agent = try call.agent()
    service.name(id, of: agent)
    do throws(StoreError) {
      try agent.cancel(id) { result in
        switch result {
        case .success(let snapshot): answer(snapshot, isToBringIt: false, isEarlier: isEarlier)
        case .failure(let error): refuse(.storage(error, id: id.description))
        }
      }
    } catch {
      throw .storage(error, id: id.description)
    }
  }

  /// `list_images`, `list_predictions`.
  func list(isEarlier: Bool) throws(RPCError) {
    var query = ListQuery(limit: try arguments[isEarlier ? Parameters.earlierLimit : Parameters.limit])
    query.status = try arguments[Parameters.status]
    query.text = try arguments[isEarlier ? Parameters.earlierText : Parameters.text]
    query.cursor = try arguments[Parameters.cursor]
    let agent = try call.agent()
    agent.list(query) { [call] result in
      switch result {
      case .success(let page) where isEarlier:
        let result = call.service.toolResult(page, agent.engine)
        call.result { result.write(to: &$0, for: call.revision) }
      case .success(let page): answer(call.service.briefList(page, agent), label: page.sandboxLabel)
      case .failure(let error): refuse(.storage(error))
      }
    }
  }
}

extension ListPage {
  /// The label of the sandbox where it drew all of them.
  fileprivate var sandboxLabel: SafeText? {
    predictions.allSatisfy(\.isFree) ? predictions.first?.sandboxLabel : nil
  }
}

extension Service {
  /// What `list_images` answers, cut before the message limit.
  fileprivate func briefList(_ page: ListPage, _ agent: MCPAgent) -> JSONWriter {
    let folders = folders
    let folder = host.agentDirectories().first?.path ?? ""
    var next = page.nextCursor
    var json = JSONWriter()
    json.beginObject()
    json.name("folder")
    json.value(folder)
    json.name("images")
    json.beginArray()
    for (index, listed) in page.predictions.enumerated() {
      // A list has no inputs, and the prompt is what a model knows an image by.
      let prediction = (try? agent.snapshot(listed.id))?.prediction ?? listed
      let files = listed.visibleFiles.filter { folders.contains($0.path) }
      var one = JSONWriter()
      MCPListed(prediction: prediction, files: files, folder: folder, now: time.now.wall).write(to: &one)
      // The text repeats it, with escapes.
      if index > 0, (json.bytes.count + one.bytes.count) * 3 > maxMessageBytes {
        next = page.cursors[index - 1]
        break
      }
      json.raw(one.bytes)
    }
    json.endArray()
    if let last = page.predictions.first, let warning = agent.engine.agentWarning(for: last) {
      json.name("note")
      json.value(warning)
    }
    if let next {
      json.name("next")
      json.value("More: list_images with {\"cursor\":\"\(next)\"}.")
    }
    json.endObject()
    return json
  }

  /// The result of `list_predictions`, cut before the message limit.
  fileprivate func toolResult(_ page: ListPage, _ engine: PredictionEngine) -> MCPToolResult {
    let folders = folders
    var next = page.nextCursor
    var json = JSONWriter()
    var text: [SafeText] = []
    json.beginObject()
    json.name("predictions")
    json.beginArray()
    for (index, prediction) in page.predictions.enumerated() {
      let snapshot = engine.snapshot(of: prediction)
      let bytes = structured(snapshot, within: folders, isListed: true)
      // The text repeats it in a shorter form, so the structured content may take about half of the message.
      if index > 0, (json.bytes.count + bytes.count) * 2 > maxMessageBytes {
        next = page.cursors[index - 1]
        break
      }
      json.raw(bytes)
      text.append(
        prediction.summary(files: prediction.visibleFiles.map(\.path).filter(folders.contains), isListed: true))
    }
    json.endArray()
    json.name("next_cursor")
    if let next { json.value(next) } else { json.null() }
    json.endObject()
    if text.isEmpty { text = ["No predictions."] }
    let shown = page.predictions.prefix(text.count)
    if let label = shown.first?.sandboxLabel, shown.allSatisfy(\.isFree) { text.insert(label, at: 0) }
    if let last = page.predictions.first, let warning = engine.agentWarning(for: last) {
      text.append(SafeText(warning))
    }
    if let next { text.append("More: list_predictions with {\"cursor\":\"\(next)\"}.") }
    return MCPToolResult(text: .joined(text, separator: "\n"), structured: json.bytes)
  }
}

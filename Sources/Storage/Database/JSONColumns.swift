internal import JSON
internal import Predictions

/// Lists and records that one cell holds as JSON text; NULL means an empty list or no record.
enum JSONColumns {
  private static func value(_ row: borrowing TableRow, _ column: Int32) throws(TableError) -> JSONValue? {
    try row.lend(column) { bytes throws(TableError) in
      do { return try JSONValue(parsing: bytes) } catch { throw .damaged("JSON cell") }
    }
  }

  /// A list, read with a scanner instead of a tree, which took a tenth of the time to read a row.
  ///
  /// - Parameter element: reads one element, or leaves it out. Gets its position.
  private static func list<Element>(
    _ row: borrowing TableRow, _ column: Int32, _ what: String,
    element: (inout JSONScanner, borrowing Span<UInt8>, Int) throws -> Element?
  ) throws(TableError) -> [Element] {
    let found = try row.lend(column) { bytes throws(TableError) -> [Element] in
      do {
        var scanner = JSONScanner()
        var found: [Element] = []
        var position = 0
        try scanner.expect(UInt8(ascii: "["), in: bytes)
        if !scanner.accept(UInt8(ascii: "]"), in: bytes) {
          repeat {
            if let next = try element(&scanner, bytes, position) { found.append(next) }
            position += 1
          } while scanner.accept(UInt8(ascii: ","), in: bytes)
          try scanner.expect(UInt8(ascii: "]"), in: bytes)
        }
        try scanner.expectEnd(in: bytes)
        return found
      } catch {
        throw .damaged(what)
      }
    }
    return found ?? []
  }

  /// The bytes of a JSON object, which clients get unchanged; `nil` where the cell is NULL.
  static func object(_ row: borrowing TableRow, _ column: Int32, _ what: String) throws(TableError) -> [UInt8]? {
    guard let bytes = row.blobIfAny(column) else { return nil }
    do {
      var scanner = JSONScanner()
      guard scanner.peek(in: bytes.span) == UInt8(ascii: "{") else { throw TableError.damaged(what) }
      _ = try scanner.skipValue(in: bytes.span)
      try scanner.expectEnd(in: bytes.span)
    } catch {
      throw .damaged(what)
    }
    return bytes
  }

  static func strings(_ row: borrowing TableRow, _ column: Int32) throws(TableError) -> [String] {
    try list(row, column, "JSON cell") { scanner, bytes, _ in try scanner.value(in: bytes).string }
  }

  static func flags(_ row: borrowing TableRow, _ column: Int32) throws(TableError) -> [Bool] {
    try list(row, column, "JSON cell") { scanner, bytes, _ in try scanner.value(in: bytes).bool ?? false }
  }

  /// The time the model took, in milliseconds.
  static func inference(_ row: borrowing TableRow, _ column: Int32) throws(TableError) -> Int64? {
    let found = try row.lend(column) { bytes throws(TableError) -> Int64? in
      do {
        var scanner = JSONScanner()
        var time: Int64?
        try scanner.expect(UInt8(ascii: "{"), in: bytes)
        if !scanner.accept(UInt8(ascii: "}"), in: bytes) {
          repeat {
            let name = try scanner.name(in: bytes)
            let value = try scanner.value(in: bytes)
            if name.has("inference", in: bytes) { time = value.int64 }
          } while scanner.accept(UInt8(ascii: ","), in: bytes)
          try scanner.expect(UInt8(ascii: "}"), in: bytes)
        }
        try scanner.expectEnd(in: bytes)
        return time
      } catch {
        throw .damaged("timings")
      }
    }
    guard let time = found ?? nil else { return nil }
    guard CellRange.moment.contains(time) else { throw .damaged("timings") }
    return time
  }

  static func files(_ row: borrowing TableRow, _ column: Int32) throws(TableError) -> [OutputFile] {
    try list(row, column, "file") { scanner, bytes, position in try file(&scanner, in: bytes, at: position + 1) }
  }

  /// - Parameter position: its index where the cell names none, as in rows of older versions.
  private static func file(
    _ scanner: inout JSONScanner, in bytes: borrowing Span<UInt8>, at position: Int
  ) throws -> OutputFile {
    var path, location, mediaType, sha256: String?
    var size, width, height, milliseconds, index: Int64?
    try scanner.expect(UInt8(ascii: "{"), in: bytes)
    repeat {
      let name = try scanner.name(in: bytes)
      let value = try scanner.value(in: bytes)
      if name.has("path", in: bytes) {
        path = value.string
      } else if name.has("location", in: bytes) {
        location = value.string
      } else if name.has("media_type", in: bytes) {
        mediaType = value.string
      } else if name.has("bytes", in: bytes) {
        size = value.int64
      } else if name.has("sha256", in: bytes) {
        sha256 = value.string
      } else if name.has("width", in: bytes) {
        width = value.int64
      } else if name.has("height", in: bytes) {
        height = value.int64
      } else if name.has("duration_ms", in: bytes) {
        milliseconds = value.int64
      } else if name.has("index", in: bytes) {
        index = value.int64
      }
    } while scanner.accept(UInt8(ascii: ","), in: bytes)
    try scanner.expect(UInt8(ascii: "}"), in: bytes)
    guard let path, let mediaType, let size, let sha256, CellRange.count.contains(size),
      CellRange.pixels.contains(width ?? 0), CellRange.pixels.contains(height ?? 0),
      CellRange.outputs.contains(index ?? 1), CellRange.count.contains(milliseconds ?? 0)
    else { throw TableError.damaged("file") }
    return OutputFile(
      path: path, mediaType: mediaType, bytes: size, sha256: sha256, width: width.map { Int($0) },
      height: height.map { Int($0) }, milliseconds: milliseconds, index: index.map { Int($0) } ?? position,
      location: location)
  }

  static func preview(_ row: borrowing TableRow, _ column: Int32) throws(TableError) -> Preview? {
    guard let value = try value(row, column) else { return nil }
    guard let path = value["path"]?.string, let mediaType = value["media_type"]?.string,
      let bytes = value["bytes"]?.int64, let index = value["index"]?.int64, CellRange.count.contains(bytes),
      CellRange.pixels.contains(index), CellRange.pixels.contains(value["width"]?.int64 ?? 0),
      CellRange.pixels.contains(value["height"]?.int64 ?? 0)
    else { throw .damaged("preview") }
    return Preview(
      path: path, mediaType: mediaType, bytes: bytes, width: value["width"]?.int64.map { Int($0) },
      height: value["height"]?.int64.map { Int($0) }, index: Int(index))
  }

  static func failure(_ row: borrowing TableRow, _ column: Int32) throws(TableError) -> PredictionFailure? {
    guard let value = try value(row, column) else { return nil }
    let type = value["cause"]?.string ?? value["type"]?.string ?? ""
    guard let kind = PredictionFailure.Kind(rawValue: type) else { throw .damaged("failure") }
    var failure = PredictionFailure(
      kind, retryable: value["retryable"]?.bool ?? false, message: value["message"]?.string ?? "",
      hint: value["hint"]?.string, remoteCode: value["remote_code"]?.string)
    let missing = (value["missing"]?.array ?? []).compactMap(\.int64)
    guard missing.allSatisfy({ CellRange.outputs.contains($0) }) else { throw .damaged("failure") }
    failure.missing = missing.map { Int($0) }
    failure.partial = try (value["partial"]?.array ?? []).map { part throws(TableError) in
      guard let path = part["path"]?.string, let bytes = part["bytes"]?.int64, let sha256 = part["sha256"]?.string,
        let index = part["index"]?.int64, CellRange.count.contains(bytes), CellRange.outputs.contains(index)
      else { throw .damaged("failure") }
      return PartialFile(index: Int(index), path: path, bytes: bytes, sha256: sha256)
    }
    failure.isFinal = value["final"]?.bool ?? false
    return failure
  }

  static func caps(_ row: borrowing TableRow, _ column: Int32) throws(TableError) -> AgentCaps? {
    guard let value = try value(row, column) else { return nil }
    return AgentCaps(
      images: value["images"]?.int64, micros: value["micros"]?.int64,
      refusesUnknownPrices: value["strict"]?.bool ?? false)
  }

  static func text(_ caps: AgentCaps?) -> String? {
    guard let caps else { return nil }
    var object = JSONObject([("strict", .bool(caps.refusesUnknownPrices))])
    object["images"] = caps.images.map { .number(JSONNumber($0)) }
    object["micros"] = caps.micros.map { .number(JSONNumber($0)) }
    return JSONValue.object(object).text
  }

  static func text(_ strings: [String]) -> String? { array(strings.map { .string($0) }) }

  static func text(_ flags: [Bool]) -> String? { array(flags.map { .bool($0) }) }

  static func text(_ files: [OutputFile]) -> String? {
    array(
      files.enumerated().map { position, file in
        var object = JSONObject([
          ("path", .string(file.path)), ("media_type", .string(file.mediaType)),
          ("bytes", .number(JSONNumber(file.bytes))), ("sha256", .string(file.sha256)),
        ])
        object["location"] = file.location.map { .string($0) }
        object["width"] = file.width.map { .number(JSONNumber($0)) }
        object["height"] = file.height.map { .number(JSONNumber($0)) }
        object["duration_ms"] = file.milliseconds.map { .number(JSONNumber($0)) }
        // Where it is the position, it is left out: it would take time in each read.
        if file.index != position + 1 { object["index"] = .number(JSONNumber(file.index)) }
        return .object(object)
      })
  }

  static func text(_ preview: Preview?) -> String? {
    guard let preview else { return nil }
    var object = JSONObject([
      ("path", .string(preview.path)), ("media_type", .string(preview.mediaType)),
      ("bytes", .number(JSONNumber(preview.bytes))), ("index", .number(JSONNumber(preview.index))),
    ])
    object["width"] = preview.width.map { .number(JSONNumber($0)) }
    object["height"] = preview.height.map { .number(JSONNumber($0)) }
    return JSONValue.object(object).text
  }

  static func text(_ failure: PredictionFailure?) -> String? {
    guard let failure else { return nil }
    // An older program knows no `dependency_failed` and would take the cell for damaged.
    let isNew = failure.kind == .dependencyFailed
    var object = JSONObject([
      ("type", .string((isNew ? .interrupted : failure.kind).rawValue)), ("retryable", .bool(failure.retryable)),
      ("message", .string(failure.message)),
    ])
    object["hint"] = failure.hint.map { .string($0) }
    object["remote_code"] = failure.remoteCode.map { .string($0) }
    if !failure.missing.isEmpty { object["missing"] = .array(failure.missing.map { .number(JSONNumber($0)) }) }
    if !failure.partial.isEmpty {
      object["partial"] = .array(
        failure.partial.map { part in
          [
            "index": .number(JSONNumber(part.index)), "path": .string(part.path),
            "bytes": .number(JSONNumber(part.bytes)), "sha256": .string(part.sha256),
          ]
        })
    }
    if isNew { object["cause"] = .string(failure.kind.rawValue) }
    if failure.isFinal { object["final"] = .bool(true) }
    return JSONValue.object(object).text
  }

  static func timings(_ prediction: Prediction) -> String? {
    prediction.inferenceMilliseconds.map { #"{"inference":\#($0)}"# }
  }

  private static func array(_ elements: [JSONValue]) -> String? {
    elements.isEmpty ? nil : JSONValue.array(elements).text
  }
}

internal import JSON
internal import Predictions
internal import Service

/// `imagewire list`: a line for each prediction. On a pipe the lines have no colours and are not cut.
enum ListCommand {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    var listing: Listing
    do throws(PredictionLookup.Failure) {
      listing = try Listing(invocation, session)
    } catch {
      console.tell(error)
      return .failed
    }
    do throws(StoreError) {
      if invocation.has("--json") {
        try printJSON(&listing, console)
      } else {
        try printLines(&listing, session)
      }
      return .done
    } catch {
      if case .badCursor = error {
        console.error("--cursor is not the next_cursor of a list with the same filters.")
        return .usage
      }
      console.error("\(error.message)")
      return .failed
    }
  }

  /// Prints each page when it is read, so that memory does not grow with the list.
  private static func printLines(_ listing: inout Listing, _ session: Session) throws(StoreError) {
    let console = session.console
    let style = console.styles(onTerminal: console.isOutputTerminal)
    let table = ListTable(
      width: console.isOutputTerminal ? console.columns : nil, now: session.time.now.wall, style: style)
    var last: Prediction?
    while let page = try listing.next(), !console.isReaderGone {
      if last == nil, !page.isEmpty, console.isOutputTerminal { console.print(table.heading) }
      for prediction in page { console.print(table.line(of: prediction, in: session)) }
      last = page.last ?? last
    }
    guard console.isErrorTerminal else { return }
    if let last {
      let before = String(last.id.description.prefix(18))
      if listing.hasMore { console.note(style.dim("There are more: add --before \(before), or --all.")) }
    } else {
      console.note("No predictions.")
    }
  }

  /// The result of the method `list`, `{predictions, next_cursor}`, in pieces.
  private static func printJSON(_ listing: inout Listing, _ console: Console) throws(StoreError) {
    var separator = #"{"predictions":["#
    while let page = try listing.next(), !console.isReaderGone {
      for prediction in page {
        console.print(json: Array(separator.utf8) + listing.session.engine.snapshot(of: prediction).listedJSON, end: "")
        separator = ","
      }
    }
    let start = separator == "," ? "" : separator
    let cursor = listing.cursor.map { JSONValue.string($0).text } ?? "null"
    console.print(json: Array("\(start)],\"next_cursor\":\(cursor)}".utf8))
  }

  /// Reads pages until there are as many predictions as requested: a page of the store may be short.
  static func read(
    _ query: ListQuery, page: (ListQuery) throws(StoreError) -> ListPage
  ) throws(StoreError) -> (predictions: [Prediction], cursor: String?) {
    var query = query
    var found: [Prediction] = []
    let wanted = query.limit
    repeat {
      query.limit = min(500, wanted - found.count)
      let page = try page(query)
      found += page.predictions
      query.cursor = page.nextCursor
    } while query.cursor != nil && found.count < wanted
    return (found, query.cursor)
  }

  static func size(_ bytes: Int64) -> String {
    if bytes < 1_000 { return counted(bytes, "byte") }
    if bytes < 1_000_000 { return "\(bytes / 1_000) kB" }
    return "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB"
  }
}

/// The predictions that `imagewire list` asks for, page by page.
private struct Listing {
  let session: Session
  private var query: ListQuery
  /// How many may still be read; `nil` for all.
  private var left: Int?
  /// Only predictions before this one.
  private let before: PredictionID?
  private var isAtEnd = false

  private static let page = 500

  init(_ invocation: Invocation, _ session: Session) throws(PredictionLookup.Failure) {
    self.session = session
    query = ListQuery()
    query.status = invocation.value("--status").flatMap(PredictionStatus.init)
    query.provider = invocation.value("--provider")
    query.model = invocation.value("--model")
    query.tag = invocation.value("--tag")
    query.text = invocation.value("--text")
    query.cursor = invocation.value("--cursor")
    if let file = invocation.value("--file") {
      let path = session.absolute(file)
      do throws(FileDigestError) {
        query.fileDigest = try session.engine.digest(ofFile: path)
      } catch {
        throw PredictionLookup.Failure(
          message: "\(SafeText(file, atMost: 200)) \(SafeText(error.reason, atMost: 200)).")
      }
    }
    left = invocation.has("--all") ? nil : invocation.number("--limit") ?? 20
    if let name = invocation.value("--before") {
      let id = try PredictionLookup(session: session).id(name)
      before = id
      // Others of the same millisecond are left out below.
      query.createdBefore = id.milliseconds + 1
    } else {
      before = nil
    }
  }

  /// Where the rest begins; `nil` at the end.
  var cursor: String? { query.cursor }
  var hasMore: Bool { query.cursor != nil }

  /// The next page, which may be empty; `nil` after the last one.
  mutating func next() throws(StoreError) -> [Prediction]? {
    guard !isAtEnd, left.map({ $0 > 0 }) ?? true else { return nil }
    query.limit = min(Self.page, left ?? Self.page)
    let page = try session.engine.list(query)
    query.cursor = page.nextCursor
    isAtEnd = page.nextCursor == nil
    let found = page.predictions.filter { prediction in before.map { prediction.id < $0 } ?? true }
    left = left.map { $0 - found.count }
    return found
  }
}

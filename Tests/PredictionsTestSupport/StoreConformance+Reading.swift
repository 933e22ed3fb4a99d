internal import JSON
internal import Predictions
internal import Threads

extension StoreConformance {
  static let readingRules: [Rule] = [
    Rule("a list has the newest first, without inputs, and goes on after any row") { world in
      let one = try world.process()
      let rows = try filled(one)
      let lean = rows.map { row in
        var row = row
        (row.input, row.metadata) = (nil, nil)
        return row
      }
      let page = try one.opened.list(ListQuery())
      try expect(page.predictions, lean)
      try expect(page.cursors.count == rows.count && page.nextCursor == nil)
      var query = ListQuery(limit: 2)
      query.cursor = page.cursors[3]
      try expect(one.opened.list(query).predictions, Array(lean[4...5]))
      // What comes later is newer and moves nothing.
      world.time.advance(1_000)
      try one.insert(one.new())
      try expect(one.opened.list(query).predictions, Array(lean[4...5]))
      try expect(one.opened.listed(rows[0].id), lean[0])
      try expect(one.opened.listed(PredictionID(at: 0)), nil)
    },
    Rule("every filter of a list finds what it names, whatever the size of the pages") { world in
      let one = try world.process()
      let rows = try filled(one)
      let middle = rows[5].createdAt
      let agent = Agent(clientName: "a", outputDirectory: "/o")
      let filters: [(change: @Sendable (inout ListQuery) -> Void, wanted: @Sendable (Prediction) -> Bool)] = [
        ({ _ in }, { _ in true }),
        ({ $0.status = .cancelled }, { $0.status == .cancelled }),
        ({ $0.status = .processing }, { $0.status == .processing }),
        ({ $0.status = .created }, { $0.status == .created }),
        ({ $0.status = .completed }, { _ in false }),
        ({ $0.model = "even" }, { $0.model == "even" }),
        ({ $0.provider = "sandbox" }, { $0.provider == "sandbox" }),
        ({ $0.tag = "five" }, { $0.tags.contains("five") }),
        ({ $0.text = "gRÜNE cat" }, { $0.tags.contains("cat") }),
        ({ $0.text = "%" }, { _ in false }),
        ({ $0.createdAfter = middle }, { $0.createdAt >= middle }),
        ({ $0.createdBefore = middle }, { $0.createdAt < middle }),
        ({ $0.agent = agent }, { $0.agent == agent.id }),
        (
          {
            $0.model = "odd"
            $0.text = "dog"
          }, { $0.model == "odd" && !$0.tags.contains("cat") }
        ),
      ]
      for (index, filter) in filters.enumerated() {
        for limit in [1, 3, 50] {
          var query = ListQuery(limit: limit)
          filter.change(&query)
          var found: [PredictionID] = []
          repeat {
            let page = try one.opened.list(query)
            try expect(page.predictions.count <= limit)
            found += page.predictions.map(\.id)
            query.cursor = page.nextCursor
          } while query.cursor != nil
          try expect(found == rows.filter(filter.wanted).map(\.id), "filter \(index), pages of \(limit)")
        }
      }
    },
    Rule("a cursor belongs to its filters, and the limit of a page is clamped") { world in
      let one = try world.process()
      _ = try filled(one)
      var query = ListQuery(limit: 1)
      query.cursor = try one.opened.list(query).nextCursor
      query.limit = 7
      try expect(one.opened.list(query).predictions.count, 7)
      query.model = "even"
      try expectRefusal { _ = try one.opened.list(query) }
      query.cursor = "x"
      try expectRefusal { _ = try one.opened.list(query) }
      try expect(one.opened.list(ListQuery(limit: 0)).predictions.count, 1)
      try expect(one.opened.list(ListQuery(limit: .max)).predictions.count, 12)
    },
    Rule("the changes behind a cursor name each prediction once, in the order of the commits") { world in
      let (one, two) = (try world.process(), try world.process())
      let empty = try one.opened.changes(after: nil)
      try expect(empty.newest.number == 0 && empty.isComplete && empty.changes == [])
      let (first, second) = (one.new("a"), one.new("b"))
      try one.insert(first)
      try one.insert(second)
      try expect(one.opened.hasChanged())
      try expect(!one.opened.hasChanged())
      _ = try two.claimed()
      // A server tells it by a message.
      let start = MonotonicClock.milliseconds
      while !one.opened.hasChanged() { try expect(MonotonicClock.milliseconds - start < 5_000) }
      let found = try one.opened.changes(after: empty.newest)
      try expect(found.isComplete)
      try expect(found.changes.map(\.id), [second.id, first.id])
      try expect(found.changes.last?.number, found.newest.number)
      try expect(two.opened.changes(after: empty.newest), found)
      try expect(one.opened.changes(after: found.newest).changes, [])
    },
    Rule("a change that changes nothing is not in the log") { world in
      let one = try world.process()
      let row = try one.polling()
      let before = try one.opened.changes(after: nil).newest
      try one.change(row.id, .accepted(remoteID: "r-1", clockSkew: 0))
      try expect(one.opened.changes(after: before).changes, [])
    },
    Rule("a deleted prediction is in the log of changes under its name") { world in
      let one = try world.process()
      let new = one.new()
      try one.insert(new)
      try one.change(new.id, .cancelAsked(deleteRemote: false, sendable: true))
      let before = try one.opened.changes(after: nil).newest
      _ = try one.delete([new.id])
      let found = try one.opened.changes(after: before)
      try expect(found.changes, [TableChange(number: found.newest.number, id: new.id, isDeleted: true)])
    },
    Rule("a cursor of another database or of the future is not answered") { world in
      let one = try world.process()
      try one.insert(one.new())
      let here = try one.opened.changes(after: nil).newest
      for cursor in [
        ChangeCursor(table: here.table ^ 1, number: 0), ChangeCursor(table: here.table, number: here.number + 1),
      ] {
        let found = try one.opened.changes(after: cursor)
        try expect(!found.isComplete && found.changes == [] && found.newest == here)
      }
    },
  ]

  /// Twelve predictions, a second apart, newest first: of three statuses, two models and providers, with tags, words and
  /// agents.
  private static func filled(_ one: StoreProcess) throws -> [Prediction] {
    var rows: [Prediction] = []
    for index in 0..<12 {
      one.time.advance(1_000)
      let isCat = index % 3 == 0
      var new = Prediction.sample(
        isCat ? "A Grüne CAT \(index)" : "dog \(index)", id: one.ids.next(at: one.time.now.wall),
        provider: index % 4 == 0 ? "wavespeed" : "sandbox", model: index % 2 == 0 ? "even" : "odd",
        tags: (isCat ? ["cat"] : []) + (index % 5 == 0 ? ["five", "all"] : ["all"]))
      if index % 6 == 0 {
        new.origin = .mcp
        new.agent = Agent(clientName: index == 0 ? "a" : "b", outputDirectory: "/o").id
      }
      try one.insert(new)
      rows.append(new)
    }
    for index in 0..<8 { rows[index] = try one.claimed() }
    for index in 0..<4 {
      rows[index] = try one.change(
        rows[index].id, .cancelAsked(deleteRemote: false, sendable: false), by: rows[index].writer)
    }
    return rows.reversed()
  }
}

/// A value of a cell or a parameter.
enum TableCell: Equatable {
  case null
  case integer(Int64)
  case text(String)
  case blob([UInt8])
}

/// A value that can be a parameter.
protocol TableBindable {
  var cell: TableCell { get }
}

extension Int64: TableBindable {
  var cell: TableCell { .integer(self) }
}

extension Int: TableBindable {
  var cell: TableCell { .integer(Int64(self)) }
}

extension String: TableBindable {
  var cell: TableCell { .text(self) }
}

extension [UInt8]: TableBindable {
  var cell: TableCell { .blob(self) }
}

extension TableCell: TableBindable {
  var cell: TableCell { self }
}

extension Optional: TableBindable where Wrapped: TableBindable {
  var cell: TableCell { self?.cell ?? .null }
}

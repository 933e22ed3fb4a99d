/// What a connection has sent to the server and has no answer to yet, in order.
struct Pipeline {
  enum Item {
    case statement
    /// A statement that is to be kept by the server under a name.
    case preparation(StatementText, [UInt32])
    /// The end of statements that depend on each other.
    case sync
  }

  var items: [Item] = []
  /// How many bytes of parameters it has.
  var bytes = 0

  /// Whether to wait for the answers before more is sent: libpq keeps in memory what the server has not taken.
  var isFull: Bool { items.count >= 512 || bytes > 1 << 20 }
}

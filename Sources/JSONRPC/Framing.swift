/// How messages are delimited in a stream of bytes.
///
/// Decided once for a connection, by its first byte: a header line cannot start with `{` or `[`, and a JSON-RPC message
/// cannot start with a letter. Replies use the framing of the requests; schemas/README.md, "Framing".
public enum Framing: Sendable, Equatable {
  /// One message a line: LF or CRLF in, LF out.
  case line
  /// Each message behind a `Content-Length` header, as in the Language Server Protocol.
  case header
}

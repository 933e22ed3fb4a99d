/// One request to a web server.
public struct HTTPRequest: Sendable {
  /// How a request is treated on its way.
  public enum Purpose: Sendable {
    /// Safe to repeat: libcurl may reuse connections, speak HTTP/2, and ask again over a connection that was dead.
    case repeatable
    /// Costs money: written at most once; Sources/Providers/README.md, "The POST and libcurl".
    ///
    /// `mayStart` is asked once, on the client's thread, when everything is connected and no byte is written yet;
    /// `false` means that none will be.
    case once(mayStart: @Sendable () -> Bool)
    /// A large answer from a host that the provider named.
    ///
    /// - `allows` is asked for every address before it is connected to and again before the request is written.
    /// - `sink` gets the body of a 2xx answer as it comes, on the client's thread; `false` stops the transfer. The
    ///   bodies of other answers never reach it.
    case download(allows: @Sendable (NetworkAddress) -> Bool, sink: @Sendable (borrowing Span<UInt8>) -> Bool)
    /// A PUT of a large body to a host that the provider named, safe to repeat.
    ///
    /// - The first value is the body's length.
    /// - `allows` as for a download.
    /// - `source` fills a buffer from a place in the body on, on the client's thread; `nil` stops the transfer.
    case upload(
      Int64, allows: @Sendable (NetworkAddress) -> Bool,
      source: @Sendable (_ offset: Int64, _ buffer: UnsafeMutableRawBufferPointer) -> Int?)
  }

  /// How long it may take, in milliseconds.
  public struct TimeLimits: Sendable, Equatable {
    /// Until it is connected, TLS included.
    public var connect: Int64
    /// From start to end.
    public var total: Int64
    /// How long fewer than 100 bytes a second may come; `nil` does not look.
    public var stall: Int64?

    /// Limits.
    public init(connect: Int64 = 10_000, total: Int64, stall: Int64? = nil) {
      self.connect = connect
      self.total = total
      self.stall = stall
    }
  }

  /// A header field.
  public struct Header: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Its value.
    public var value: String

    /// A header field.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Where it goes: http or https.
  public var url: String
  /// Sent as they are.
  public var headers: [Header]
  /// What is posted; `nil` makes it a GET, or a PUT where it is an upload.
  public var body: [UInt8]?
  /// How long it may take.
  public var limits: TimeLimits
  /// How long the answer's body may be.
  public var bodyLimit: Int64
  /// How it is treated.
  public var purpose: Purpose
  /// Sees the body of a 2xx answer as it comes, on the client's thread; the answer has it all the same.
  public var watch: (@Sendable (borrowing Span<UInt8>) -> Void)?

  /// A request.
  public init(
    url: String, headers: [Header] = [], body: [UInt8]? = nil, limits: TimeLimits, bodyLimit: Int64 = 64 << 20,
    purpose: Purpose = .repeatable, watch: (@Sendable (borrowing Span<UInt8>) -> Void)? = nil
  ) {
    self.url = url
    self.headers = headers
    self.body = body
    self.limits = limits
    self.bodyLimit = bodyLimit
    self.purpose = purpose
    self.watch = watch
  }
}

/// What a server answered.
public struct HTTPResponse: Sendable, Equatable {
  /// The status code of the final answer.
  public var status: Int
  /// By lower-case name: `date`, `retry-after`, `retry-after-ms`, `content-length`, `content-type` and `location`; no
  /// others are kept.
  public var headers: [String: String]
  /// The body; empty where it went to a sink.
  public var body: [UInt8]
  /// How many bytes of body came.
  public var bodyBytes: Int64
}

/// Why there is no whole answer. Never holds a header of the request.
public struct HTTPFailure: Error, Sendable, Equatable {
  /// The kind, by which callers decide.
  public enum Kind: Sendable, Equatable {
    /// libcurl is missing or too old, or there are no certificates; the message names the package to install.
    case unavailable
    /// The address or a header cannot be sent at all.
    case badRequest
    /// No such host, or nobody there.
    case unreachable
    /// TLS failed: no trust, no common protocol.
    case insecure
    /// The proxy said no.
    case proxy
    /// A time limit passed.
    case timedOut
    /// The connection ended before there was an answer, or in the middle of it.
    case dropped
    /// The answer is longer than allowed.
    case tooLarge
    /// The address is one that this request may not go to.
    case forbiddenAddress
    /// `mayStart` said no.
    case notStarted
    /// libcurl was about to write a paid request for the second time, and was stopped.
    case repeated
    /// The sink said no.
    case stopped
    /// `cancel` was called.
    case cancelled
    /// The client was closed.
    case closed
    /// Anything else.
    case other
  }

  /// The kind.
  public var kind: Kind
  /// One sentence for people.
  public var message: String
  /// Whether a byte of the request may have been written. `false` is certain.
  public var mayHaveBeenSent: Bool
  /// What came of the answer before it failed, where its status line came.
  public var partial: HTTPResponse?
}

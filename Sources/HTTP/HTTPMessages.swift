public import Threads

/// One request to a web server.
public struct HTTPRequest: Sendable {
  /// How a request may be sent.
  public enum Purpose: Sendable {
    /// Safe to repeat: libcurl may reuse connections, use HTTP/2, and send it again where a reused connection had died.
    case repeatable
    /// Costs money: written at most once, on a connection of its own, which later requests may use;
    /// Sources/Providers/README.md, "The POST and libcurl".
    ///
    /// `mayStart` is called once, on the client's thread, after connecting and before the first byte; where it returns
    /// `false`, nothing is written.
    case once(mayStart: @Sendable () -> Bool)
    /// A large answer from a host that the provider named.
    ///
    /// - `allows` is called with every address before it is connected to, and again before the request is written.
    /// - `sink` gets the body of an answer whose status is in `taken` in pieces, where `queue` says, and returns `false` to stop
    ///   the transfer. Another 2xx answer stops it; bodies of other answers are dropped. Encodings (gzip) are undone.
    case download(allows: @Sendable (NetworkAddress) -> Bool, sink: @Sendable (borrowing Span<UInt8>) -> Bool)
    /// A HEAD: asks for headers alone, or opens a connection that a later request uses, since libcurl keeps none on which nothing
    /// was sent.
    /// `allows` as for a download.
    case open(allows: @Sendable (NetworkAddress) -> Bool)
    /// A PUT of a large body to a host that the provider named, safe to repeat.
    ///
    /// - The first value is the body's length.
    /// - `allows` as for a download.
    /// - `source` fills a buffer with the body from an offset on, on the client's thread; `nil` stops the transfer.
    case upload(
      Int64, allows: @Sendable (NetworkAddress) -> Bool,
      source: @Sendable (_ offset: Int64, _ buffer: UnsafeMutableRawBufferPointer) -> Int?)
  }

  /// Limits of time, in milliseconds.
  public struct TimeLimits: Sendable, Equatable {
    /// For connecting, TLS included.
    public var connect: Int64
    /// For the whole request; `nil` is no limit.
    public var total: Int64?
    /// For which fewer bytes a second than `floor` may arrive; `nil` is no limit.
    public var stall: Int64?
    /// Bytes a second.
    public var floor: Int

    /// Limits.
    public init(connect: Int64 = 10_000, total: Int64?, stall: Int64? = nil, floor: Int = 100) {
      self.connect = connect
      self.total = total
      self.stall = stall
      self.floor = floor
    }
  }

  /// A header field of a request.
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

  /// An http or https URL.
  public var url: String
  /// Sent unchanged.
  public var headers: [Header]
  /// Takes the place of GET or POST: `DELETE`; `nil` for the usual one.
  public var method: String?
  /// The body of a POST; `nil` makes it a GET, or a PUT where `purpose` is an upload.
  public var body: [UInt8]?
  /// Limits of time.
  public var limits: TimeLimits
  /// The longest body of an answer, in bytes.
  public var bodyLimit: Int64
  /// The longest JSON body of an answer, in bytes, not counting media in it (`AnswerMeter`); `nil` for no such limit.
  public var plainLimit: Int64?
  /// Called on the client's thread before the first bytes of the body of a download, with the length that the answer states.
  /// Not for an encoded body, whose own length it is not.
  public var whenStated: (@Sendable (Int64) -> Void)?
  /// The statuses of answers whose body goes to the sink of a download.
  public var taken: ClosedRange<Int>
  /// How it may be sent.
  public var purpose: Purpose
  /// Called with the pieces of a 2xx answer's body, on the client's thread. The response holds the body as well.
  public var watch: (@Sendable (borrowing Span<UInt8>) -> Void)?
  /// Where the sink and the completion run, the completion last; `nil` is the client's thread, which must not block. The
  /// answer counts as memory in use until its completion has returned.
  public var queue: WorkQueue?

  /// A request.
  public init(
    url: String, headers: [Header] = [], body: [UInt8]? = nil, limits: TimeLimits, bodyLimit: Int64 = 64 << 20,
    plainLimit: Int64? = nil, whenStated: (@Sendable (Int64) -> Void)? = nil,
    taken: ClosedRange<Int> = 200...299, purpose: Purpose = .repeatable,
    watch: (@Sendable (borrowing Span<UInt8>) -> Void)? = nil, queue: WorkQueue? = nil
  ) {
    self.url = url
    self.headers = headers
    self.body = body
    self.limits = limits
    self.bodyLimit = bodyLimit
    self.plainLimit = plainLimit
    self.whenStated = whenStated
    self.taken = taken
    self.purpose = purpose
    self.watch = watch
    self.queue = queue
  }
}

/// The answer of a server.
public struct HTTPResponse: Sendable, Equatable {
  /// The status code of the final answer (no 1xx).
  public var status: Int
  /// By lower-case name, only those of `HTTPTransfer.wantedHeaders`.
  public var headers: [String: String]
  /// The body; empty where it went to a sink.
  public var body: [UInt8]
  /// The length of the body, in bytes, also where it went to a sink.
  public var bodyBytes: Int64
  /// Whether the answer says where its body ends: by a length, in chunks, or by HTTP/2. Otherwise its end is that of the
  /// connection, and a cut is not seen.
  public var saysItsEnd = true

  /// An answer; its body is as long as it says, where nothing else is said.
  public init(
    status: Int, headers: [String: String] = [:], body: [UInt8], bodyBytes: Int64? = nil, saysItsEnd: Bool = true
  ) {
    self.status = status
    self.headers = headers
    self.body = body
    self.bodyBytes = bodyBytes ?? Int64(body.count)
    self.saysItsEnd = saysItsEnd
  }
}

/// Why a request has no complete answer. Holds no header of the request.
public struct HTTPFailure: Error, Sendable, Equatable {
  /// The cause, by which callers decide.
  public enum Kind: Sendable, Equatable {
    /// libcurl is missing or too old, or there are no certificates; the message names the package to install.
    case unavailable
    /// The address or a header is invalid.
    case badRequest
    /// The host does not exist or refuses connections.
    case unreachable
    /// TLS failed: an untrusted certificate, or no common version.
    case insecure
    /// The proxy refused.
    case proxy
    /// A time limit passed.
    case timedOut
    /// The connection ended before or within the answer.
    case dropped
    /// The answer is longer than allowed.
    case tooLarge
    /// The address may not be connected to.
    case forbiddenAddress
    /// `mayStart` returned `false`.
    case notStarted
    /// libcurl was about to write a paid request for the second time, and was stopped.
    case repeated
    /// The sink or the source stopped it.
    case stopped
    /// The client was closed.
    case closed
    /// Anything else.
    case other
  }

  /// The cause.
  public var kind: Kind
  /// One sentence.
  public var message: String
  /// Whether a byte of the request may have been written. `false` is certain.
  public var mayHaveBeenSent: Bool
  /// The part of the answer that arrived; `nil` where the status line did not.
  public var partial: HTTPResponse?
}

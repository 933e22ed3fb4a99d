public import JSON
internal import JSONRPC
public import Predictions

// Requests of the command line: read like the params of `submit`.
extension PredictionRequest {
  /// A request from the parameters of `submit`, by name, with the same bounds.
  public init(members: JSONObject) throws(UnusableRequest) {
    do throws(RPCError) {
      self = try SubmitParameters.request(
        MethodParameters(.object(members), of: SubmitParameters.all.map(\.description), strict: true))
    } catch {
      throw UnusableRequest(error)
    }
  }
}

/// A request that cannot be used; nothing was written or sent.
public struct UnusableRequest: Error, Sendable, Equatable {
  /// The reason, as one sentence without a full stop.
  public let message: String
  /// What to do, where that helps.
  public let hint: String?

  init(_ error: RPCError) {
    message = error.plainMessage
    hint = error.data.flatMap { try? JSONValue(parsing: $0) }?["hint"]?.string
  }

  /// The error that `submit` would answer with.
  public init(_ error: SubmitError) { self.init(RPCError.submit(error)) }

  /// The error that `models` and `validate` would answer with.
  public init(_ error: PredictionEngine.CatalogueError) { self.init(RPCError.catalogue(error)) }

  /// The error that `quote` and `balance` would answer with.
  public init(_ error: PredictionEngine.PriceError) { self.init(RPCError.price(error)) }
}

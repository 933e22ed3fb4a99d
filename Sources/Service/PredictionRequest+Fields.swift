public import JSON
internal import JSONRPC
public import Predictions

/// What the command line shares with the methods: the same bounds of a request, the same shape of an answer.

extension PredictionRequest {
  /// Reads what `submit` takes, with the bounds that hold there.
  public init(members: JSONObject) throws(UnusableRequest) {
    do throws(RPCError) {
      let submit = MethodTable.standard["submit"]!
      try self.init(MethodParameters(.object(members), of: submit.parameters, strict: true))
    } catch {
      throw UnusableRequest(error)
    }
  }
}

/// Why a request cannot be used; nothing was written or sent.
public struct UnusableRequest: Error, Sendable, Equatable {
  /// One sentence.
  public let message: String
  /// What to do, where that helps.
  public let hint: String?

  init(_ error: RPCError) {
    message = error.plainMessage
    hint = error.data.flatMap { try? JSONValue(parsing: $0) }?["hint"]?.string
  }

  /// As an answer to `submit` would have it.
  public init(_ error: SubmitError) { self.init(RPCError.submit(error)) }
}

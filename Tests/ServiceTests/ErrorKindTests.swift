import JSON
import Predictions
import Testing

@testable import JSONRPC
@testable import Service

@Suite("Kinds of errors")
struct ErrorKindTests {
  @Test("an error has the code, the type and the retryability of its kind", arguments: ErrorKind.all.indices)
  func whatAnErrorSays(index: Int) throws {
    let kind = ErrorKind.all[index]
    let error = RPCError(kind, "A message.", retryable: true)
    let data = try JSONValue(parsing: try #require(error.data))
    #expect(error.code == kind.code)
    #expect(data["type"] == .string(kind.type))
    #expect(data["retryable"] == .bool(kind.isRetryable ?? true))
  }

  /// The optional fields of `data` are the ones that the schema of the kind names.
  @Test func theSchemaNamesTheFieldsOfAnError() throws {
    let error = RPCError(.predictionNotFinished, "A message.", hint: "A hint.", id: "1", ids: [.init(at: 1)])
    let data = try #require(error.data)
    let fields = try #require(try JSONValue(parsing: data).object).members.map(\.name)
    let schema = ErrorKind.predictionNotFinished.schema.json(.inline)["properties"]?["data"]?["properties"]
    #expect(Set(fields) == Set(try #require(schema?.object).members.map(\.name)))
  }

  /// The target JSONRPC makes these errors itself; it cannot see the kinds.
  @Test func theErrorsOfJSONRPCAreOfTheKindsThatTheSchemasName() throws {
    let errors: [(RPCError, ErrorKind)] = [
      (.parseError, .parseError), (.invalidRequest, .invalidRequest), (.methodNotFound, .methodNotFound),
      (.unanswered, .internalError), (.messageTooLong(limit: 1), .invalidRequest),
      (.batchTooLong(limit: 1), .invalidRequest),
      (.tooManyValues(limit: 1), .invalidRequest), (.idTooLong(limit: 1), .invalidParams),
    ]
    for (error, kind) in errors {
      #expect(error.code == kind.code)
      let data = try error.data.map { try JSONValue(parsing: $0) }
      #expect(data?["type"]?.string == kind.type)
      #expect(data?["retryable"]?.bool == kind.isRetryable)
    }
  }

  @Test func aMessageForPeopleHasNoWordsOfTheProtocol() {
    #expect(RPCError.invalidParams("prompt", "the prompt is empty").plainMessage == "The prompt is empty")
    #expect(RPCError.invalidParams("tags", "tags must be an array").plainMessage == "tags must be an array")
    #expect(RPCError.notFound("x").plainMessage == "There is no prediction x.")
  }
}

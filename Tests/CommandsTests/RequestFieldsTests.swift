import JSON
@testable import Predictions
import Testing

@testable import Commands

@Suite("The options of generate as parameters of submit")
struct RequestFieldsTests {
  private func fields(_ options: String...) throws -> JSONObject {
    let invocation = try Invocation(["generate", "a fox"] + options, of: .all)
    return try RequestFields(invocation, folder: "/work", isFolder: { $0 == "/work/images" }).members(prompt: "a fox")
  }

  private func text(_ options: String...) throws -> String {
    let invocation = try Invocation(["generate", "a fox"] + options, of: .all)
    let members = try RequestFields(invocation, folder: "/work", isFolder: { $0 == "/work/images" }).members(
      prompt: "a fox")
    return JSONValue.object(members).text
  }

  private func refusal(_ options: String...) throws -> String? {
    let invocation = try Invocation(["generate", "a fox"] + options, of: .all)
    do throws(UsageError) {
      _ = try RequestFields(invocation, folder: "/", isFolder: { _ in false }).members(prompt: "a fox")
      return nil
    } catch {
      return error.message
    }
  }

  @Test func aPromptAloneIsTheWholeInput() throws {
    #expect(try text() == #"{"input":{"prompt":"a fox"}}"#)
  }

  @Test(
    "a value that is JSON is read as JSON",
    arguments: [
      ("n=2", #"{"n":2,"prompt":"a fox"}"#), ("size=1x1", #"{"size":"1x1","prompt":"a fox"}"#),
      ("hd=true", #"{"hd":true,"prompt":"a fox"}"#), ("a=b=c", #"{"a":"b=c","prompt":"a fox"}"#),
      ("list=[1,2]", #"{"list":[1,2],"prompt":"a fox"}"#), ("empty=", #"{"empty":"","prompt":"a fox"}"#),
    ])
  func settings(setting: String, input: String) throws {
    #expect(try fields("--set", setting)["input"]?.text == input)
  }

  @Test func aSettingWinsOverTheInput() throws {
    #expect(
      try fields("--input", #"{"n":1,"seed":7}"#, "-s", "n=2")["input"]?.text == #"{"n":2,"seed":7,"prompt":"a fox"}"#)
  }

  @Test func otherOptionsAreParametersOfTheirOwn() throws {
    let fields = try fields(
      "-m", "a/b", "-p", "openai", "--key", "k", "--max-cost", "0.05", "--tag", "x", "--tag", "y")
    #expect(fields["model"] == "a/b" && fields["provider"] == "openai" && fields["idempotency_key"] == "k")
    #expect(fields["max_cost"]?.text == "0.05")
    #expect(fields["tags"] == ["x", "y"])
    #expect(fields["upload"] == nil)
  }

  @Test func aFileToUploadIsAnAbsolutePath() throws {
    let fields = try fields("-u", "image=fox.png", "-u", "images[]=/a.png", "-u", "images[]=b.png")
    #expect(fields["upload"] == true)
    #expect(
      fields["input"]?.text == #"{"image":"@/work/fox.png","images":["@/a.png","@/work/b.png"],"prompt":"a fox"}"#)
  }

  @Test func noOtherValueIsUploadedBesideAFile() throws {
    #expect(
      try refusal("-s", "mask=@/secret", "-u", "image=fox.png")
        == "The value of input.mask begins with @/ and would be read as a file; use --upload for it.")
    #expect(try refusal("-s", "mask=@/text") == nil)
  }

  @Test func imagesGoIntoTheFieldOfTheModel() throws {
    let invocation = try Invocation(["generate", "a fox", "-u", "mask=m.png"], of: .all)
    let fields = RequestFields(invocation, folder: "/work", isFolder: { _ in false })
    let many = try fields.members(
      prompt: "x", images: .init(texts: ["@/a.png", "@/b.png"], field: .usual(isList: true)))
    #expect(many["upload"] == true)
    #expect(many["input"]?.text == #"{"image":["@/a.png","@/b.png"],"mask":"@/work/m.png","prompt":"x"}"#)
    let one = try fields.members(prompt: "x", images: .init(texts: ["@/a.png"], field: .usual(isList: false)))
    #expect(one["input"]?["image"] == "@/a.png")
    #expect(throws: UsageError("The model takes one image, in its field image, not 2.")) {
      try fields.members(prompt: "x", images: .init(texts: ["@/a.png", "@/b.png"], field: .usual(isList: false)))
    }
  }

  @Test func anEarlierInputIsChangedByTheOptions() throws {
    let invocation = try Invocation(["again", "@last", "-s", "n=2", "--max-cost-estimates"], of: .all)
    let fields = RequestFields(invocation, folder: "/", isFolder: { _ in false })
    let earlier: JSONValue = ["prompt": "a fox", "n": 1, "image": "@/fox.png"]
    let members = try fields.members(prompt: nil, over: earlier.object!, isUploading: true)
    #expect(members["input"]?.text == #"{"prompt":"a fox","n":2,"image":"@/fox.png"}"#)
    #expect(members["upload"] == true && members["max_cost_estimates"] == true)
  }

  @Test func besideAnEarlierInputOnlyItsOwnFilesAreUploaded() throws {
    let earlier: JSONValue = ["prompt": "a fox", "image": "@/fox.png"]
    func members(_ options: String..., isUploading: Bool = true) throws -> JSONObject {
      let invocation = try Invocation(["again", "@last"] + options, of: .all)
      return try RequestFields(invocation, folder: "/", isFolder: { _ in false }).members(
        prompt: nil, over: earlier.object!, isUploading: isUploading)
    }
    let refusal = UsageError(
      "The value of input.mask begins with @/ and would be read as a file; use --upload for it.")
    #expect(throws: refusal) { try members("-s", "mask=@/secret") }
    #expect(throws: refusal) { try members("-s", "mask=@/secret", "-u", "other=m.png") }
    #expect(
      try members("-u", "mask=m.png")["input"]?.text == #"{"prompt":"a fox","image":"@/fox.png","mask":"@/m.png"}"#)
    // The earlier prediction uploaded nothing, so the value is a text and stays one.
    #expect(try members("-s", "mask=@/text", isUploading: false)["upload"] == nil)
    #expect(throws: UsageError.self) { try members("-u", "mask=m.png", isUploading: false) }
  }

  @Test(
    "again keeps the limit of the price unless another is given",
    arguments: [
      ([], #"{"max_cost":0.5,"max_cost_estimates":true}"#),
      (["--max-cost", "0.7"], #"{"max_cost":0.7}"#),
      (["--max-cost", "0.7", "--max-cost-estimates"], #"{"max_cost":0.7,"max_cost_estimates":true}"#),
      (["--max-cost-estimates"], #"{"max_cost_estimates":true,"max_cost":0.5}"#),
    ] as [([String], String)])
  func theLimitOfAnEarlierPrediction(options: [String], limits: String) throws {
    var earlier = Prediction.sample()
    earlier.maxCostMicros = 500_000
    earlier.allowsEstimates = true
    let invocation = try Invocation(["again", "@last"] + options, of: .all)
    let fields = RequestFields(invocation, folder: "/", isFolder: { _ in false })
    let members = try AgainCommand.members(over: earlier, fields)
    let costs = members.members.filter { $0.name.hasPrefix("max_cost") }.map { ($0.name, $0.value) }
    #expect(JSONValue.object(JSONObject(costs)) == (try JSONValue(parsing: limits)))
  }

  @Test func theOutputIsAFolderAndAName() throws {
    let file = try fields("-o", "fox.png")
    #expect(file["output_dir"] == "/work" && file["output_name"] == "fox")
    let folder = try fields("-o", "images")
    #expect(folder["output_dir"] == "/work/images" && folder["output_name"] == nil)
  }

  @Test(
    "a value of the wrong form is refused",
    arguments: [
      ("--set", "size", "--set must be NAME=VALUE"), ("--set", "=1", "--set must be NAME=VALUE"),
      ("--upload", "fox.png", "--upload must be NAME=FILE"), ("--upload", "[]=fox.png", "--upload must be NAME=FILE"),
      ("--upload", "image=", "--upload must be NAME=FILE"), ("--input", "[1]", "--input must be a JSON object"),
      ("--input", "{", "--input must be a JSON object"),
    ])
  func wrongForms(option: String, value: String, message: String) throws {
    #expect(try refusal(option, value)?.hasPrefix(message) == true)
  }
}

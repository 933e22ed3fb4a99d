internal import JSON
internal import JSONRPC
internal import Predictions

/// `completion/complete`: names of models. It sends no request, because a person is typing: it offers default models, models
/// used before, and the lists of providers that are in memory.
enum MCPCompletion {
  private static let mostValues = 100

  @Sendable static func complete(_ service: Service, _ call: MCPCall) throws(RPCError) {
    guard let reference = call.params["ref"]?.object, let kind = reference["type"]?.string else {
      throw .invalidParams("ref", "ref must name a prompt or a resource template")
    }
    guard let argument = call.params["argument"]?["name"]?.string else {
      throw .invalidParams("argument", "argument.name is missing")
    }
    let begun = call.params["argument"]?["value"]?.string ?? ""
    let isOfPrompt = kind == "ref/prompt" && reference["name"]?.string == MCPPrompt.name
    guard isOfPrompt || kind == "ref/resource" && reference["uri"]?.string == MCPResource.template else {
      throw .invalidParams("ref", "there is no such prompt or resource template")
    }
    let models = isOfPrompt && argument == "model" ? matches(begun, among: try known(to: call.agent())) : []
    call.result { json in
      json.name("completion")
      json.beginObject()
      json.name("values")
      json.beginArray()
      for model in models.prefix(mostValues) { json.value(model) }
      json.endArray()
      json.name("total")
      json.value(models.count)
      json.name("hasMore")
      json.value(models.count > mostValues)
      json.endObject()
    }
  }

  /// The models that begin with the text, then the models that contain it; upper and lower case are the same.
  static func matches(_ begun: String, among models: [String]) -> [String] {
    let begun = begun.lowercased()
    if begun.isEmpty { return models }
    let beginning = models.filter { $0.lowercased().hasPrefix(begun) }
    let within = models.filter { model in
      let name = model.lowercased()
      return name.indices.contains { name[$0...].hasPrefix(begun) }
    }
    return beginning + within.filter { !beginning.contains($0) }
  }

  /// The default models, then the models that this agent used before, then the models of lists in memory, each once.
  private static func known(to agent: MCPAgent) -> [String] {
    var models = agent.engine.usualModels
    for prediction in (try? agent.list(ListQuery(limit: mostValues)))?.predictions ?? []
    where !models.contains(prediction.model) {
      models.append(prediction.model)
    }
    let known = Set(models)
    return models + agent.engine.rememberedModels.filter { !known.contains($0) }
  }
}

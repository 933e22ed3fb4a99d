internal import JSON
internal import Predictions

/// What stands between an agent's request and its acceptance, and the question that removes it. Pure.
struct MCPHurdle: Sendable {
  let question: MCPQuestion
  /// What the model is told where the question cannot be asked.
  let refusal: BudgetRefusal
  /// What the user is asked.
  let message: SafeText

  /// The caps of agents are reached.
  static func grant(_ grant: PredictionEngine.AgentGrant, _ refusal: BudgetRefusal) -> MCPHurdle {
    MCPHurdle(
      question: .grant(grant), refusal: refusal,
      message: "\(refusal.reason) Allow \(grant.amount) more until \(grant.reset)?")
  }

  /// The price is not known, or may be more than the user's limit.
  ///
  /// - Parameters:
  ///   - price: in millionths of a dollar; `nil` where it is not known.
  ///   - missing: fields that are not given and decide the price too, so that it is the least that is billed.
  ///   - limit: in millionths of a dollar.
  ///   - digest: SHA-256 of what decides the image.
  static func price(
    _ price: Int64?, isExact: Bool, missing: [String], limit: Int64, of request: PredictionRequest, digest: [UInt8],
    model: String
  ) -> MCPHurdle {
    let how: SafeText = missing.isEmpty ? isExact ? "" : "about " : "at least "
    let cost = price.map { "\(how)\(Money.dollars($0))" as SafeText }
    let fact = cost.map { "It would cost \($0)" } ?? "Its price is not known"
    let why: SafeText? = missing.isEmpty ? nil : "The price also depends on \(listed(missing))."
    let prompt = SafeText(request.input["prompt"]?.string ?? "", atMost: 300)
    let asked: SafeText =
      "Make \(things(of: request)) for \(cost ?? "an unknown price") with \(SafeText(model, atMost: 100))?"
    return MCPHurdle(
      question: .price(digest: digest, micros: price),
      refusal: BudgetRefusal(
        sentences("\(fact), and the user confirms what costs more than \(Money.dollars(limit)).", why?.description),
        hint: "This host cannot ask the user. Tell the user, who may raise --confirm-above."),
      message: .joined([asked, why, prompt].compactMap { $0 }, separator: " "))
  }

  /// How many images are made, and of how many.
  private static func things(of request: PredictionRequest) -> SafeText {
    let count = RequestedImages.count(in: request.input)
    let outputs = (try? OutputReferences.find(in: request.input)) ?? []
    let sources = FileReferences.find(in: request.input).count + outputs.count
    let made: SafeText = count == 1 ? "an image" : "\(counted(count, "image"))"
    return sources == 0 ? made : "\(made) from \(counted(sources, "image"))"
  }
}

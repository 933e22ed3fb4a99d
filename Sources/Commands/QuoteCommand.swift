internal import Predictions
internal import Service

/// `imagewire quote`: the price of a prediction.
enum QuoteCommand {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    let request: PredictionRequest
    do throws(Submission.Refusal) {
      request = try Submission(invocation: invocation, session: session).question()
    } catch {
      return console.tell(error)
    }
    let result: Result<Quote, PredictionEngine.PriceError> = answer { completion in
      do throws(PredictionEngine.PriceError) {
        try session.engine.quote(request, completion: completion)
      } catch {
        completion(.failure(error))
      }
    }
    switch result {
    case .failure(let error): return console.tell(UnusableRequest(error), isUsage: error.isUsage)
    case .success(let quote):
      if invocation.has("--json") { console.print(json: quote.json) } else { console.print(line(quote)) }
      return .done
    }
  }

  /// `$1.80, exact`
  static func line(_ quote: Quote) -> SafeText {
    let amount = SafeText(money(quote.micros, quote.currency))
    if quote.isExact { return "\(amount), exact" }
    guard let missing = quote.missing, !missing.isEmpty else { return "\(amount), an estimate" }
    return "\(amount) or more, an estimate: \(listed(missing)) also decides the price"
  }

  static func money(_ micros: Int64, _ currency: String) -> String {
    currency == "USD" ? Money.dollars(micros) : "\(Money.spelling(micros)) \(currency)"
  }
}

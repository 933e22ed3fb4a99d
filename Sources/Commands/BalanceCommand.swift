internal import Predictions
internal import Service

/// `imagewire balance`: the balance of a provider's account.
enum BalanceCommand {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    let result: Result<Balance, PredictionEngine.PriceError> = answer { completion in
      do throws(PredictionEngine.PriceError) {
        try session.engine.balance(of: invocation.value("--provider"), completion: completion)
      } catch {
        completion(.failure(error))
      }
    }
    switch result {
    case .failure(let error): return console.tell(UnusableRequest(error), isUsage: error.isUsage)
    case .success(let balance):
      if invocation.has("--json") {
        console.print(json: balance.json)
      } else {
        console.print(SafeText(QuoteCommand.money(balance.micros, balance.currency)))
      }
      return .done
    }
  }
}

public import Predictions

/// The rules that every `PredictionStore` keeps, as one suite. Each test target that has a store runs all of them:
///
///     @Test(arguments: StoreConformance.rules)
///     func rule(_ rule: StoreConformance.Rule) throws { try rule.check(in: StoreWorld(…)) }
///
/// Rules use no testing library, so that an ordinary target can hold them.
public enum StoreConformance {
  /// All rules.
  public static let rules: [Rule] =
    insertRules + changeRules + claimRules + spendingRules + adoptionRules + readingRules + recoveryRules
    + deletionRules + chainRules + durationRules

  /// One rule.
  public struct Rule: Sendable, CustomStringConvertible {
    /// A sentence.
    public let description: String
    private let body: @Sendable (StoreWorld) throws -> Void

    init(_ description: String, _ body: @escaping @Sendable (StoreWorld) throws -> Void) {
      self.description = description
      self.body = body
    }

    /// Checks the rule in an empty database.
    ///
    /// - Throws: `Violation` where the store breaks it.
    public func check(in world: StoreWorld) throws { try body(world) }
  }

  /// A rule was broken.
  public struct Violation: Error, CustomStringConvertible {
    /// Where, and what was found.
    public let description: String
  }
}

/// An empty database, on which several stores can be opened as several processes do.
public struct StoreWorld {
  /// The clock of all processes.
  public let time: ManualTime
  private let ids = IDSequence()
  private let open: () throws -> (store: any PredictionStore, exit: () -> Void)

  /// - Parameter open: opens a store as another process does; `exit` ends that process.
  public init(time: ManualTime, open: @escaping () throws -> (store: any PredictionStore, exit: () -> Void)) {
    self.time = time
    self.open = open
  }

  /// Another process.
  func process() throws -> StoreProcess {
    let (store, exit) = try open()
    return StoreProcess(opened: store, time: time, ids: ids, exit: exit)
  }
}

/// A process that has the database open.
struct StoreProcess: StoreCalls {
  let opened: any PredictionStore
  let time: ManualTime
  let ids: IDSequence
  /// Ends the process: other processes find that it has exited.
  let exit: () -> Void

  /// A row as it is now; it must be there.
  func row(_ id: PredictionID) throws -> Prediction {
    guard let row = try opened.prediction(id) else { throw UnexpectedOutcome(outcome: "no row \(id)") }
    return row
  }
}

/// Fails where two values differ.
func expect<Value: Equatable>(
  _ found: @autoclosure () throws -> Value, _ wanted: Value, file: String = #fileID, line: Int = #line
) throws {
  let found = try found()
  guard found != wanted else { return }
  throw StoreConformance.Violation(description: "\(file):\(line): found \(found), not \(wanted)")
}

/// Fails where a condition does not hold.
func expect(
  _ condition: @autoclosure () throws -> Bool, _ comment: String = "it does not hold", file: String = #fileID,
  line: Int = #line
) throws {
  guard try !condition() else { return }
  throw StoreConformance.Violation(description: "\(file):\(line): \(comment)")
}

/// Fails where a call does not throw an error of the store.
func expectRefusal(_ call: () throws -> Void, file: String = #fileID, line: Int = #line) throws {
  do {
    try call()
  } catch is StoreError {
    return
  }
  throw StoreConformance.Violation(description: "\(file):\(line): it was not refused")
}

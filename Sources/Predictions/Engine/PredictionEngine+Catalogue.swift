internal import JSON
internal import Threads

/// Models and their inputs. Nothing here costs money.
extension PredictionEngine {
  /// Why a request about models failed.
  public enum CatalogueError: Error, Sendable, Equatable {
    /// The call named a provider that does not exist or cannot be used.
    case submit(SubmitError)
    /// The provider has no list of models.
    case noCatalogue(provider: String)
    /// The provider's list does not have the model.
    case noModel(String, provider: String)
    /// The provider did not answer.
    case provider(ProviderError)
  }

  /// Models of one provider.
  public struct Offer: Sendable, Equatable {
    /// The provider's name.
    public var provider: String
    /// Sorted by id.
    public var models: [Model]
    /// The model of requests that name none.
    public var usual: String

    /// An offer.
    public init(provider: String, models: [Model], usual: String) {
      self.provider = provider
      self.models = models
      self.usual = usual
    }
  }

  /// The outcome of a check.
  public struct Validation: Sendable, Equatable {
    /// The problems for which a submit would be refused, as far as they are known.
    public var problems: [InputSchema.Problem]
    /// Fields that would be sent although the model may not accept them.
    public var warnings: [InputSchema.Problem] = []
    /// Further advice.
    public var hint: String?
  }

  // MARK: - Models

  /// All models of a provider, from memory where they were requested within the hour.
  public func models(
    of name: String?, completion: @escaping @Sendable (Result<Offer, CatalogueError>) -> Void
  ) throws(CatalogueError) {
    let (provider, catalogue) = try catalogue(of: name)
    let usual = defaults.model ?? provider.defaultModel
    ask(catalogue, of: provider) { result in
      completion(
        result.map { Offer(provider: provider.name, models: $0, usual: usual) }.mapError { .provider($0) })
    }
  }

  /// One model of a provider, with its input schema. A built-in model needs no network.
  ///
  /// - Parameters:
  ///   - milliseconds: how long its provider may take; `nil` for the usual time.
  ///   - asListed: whether the provider's list must say it: no built-in model names its sibling that edits.
  public func model(
    _ id: String, of name: String?, atMost milliseconds: Int64? = nil, asListed: Bool = false,
    completion: @escaping @Sendable (Result<Offer, CatalogueError>) -> Void
  ) throws(CatalogueError) {
    let (provider, catalogue) = try catalogue(of: name)
    let usual = defaults.model ?? provider.defaultModel
    find(id, in: catalogue, of: provider, atMost: milliseconds, asListed: asListed) { result in
      completion(result.map { Offer(provider: provider.name, models: [$0], usual: usual) })
    }
  }

  /// The ids of models that were requested within the hour, of all providers that can be used.
  public var rememberedModels: [String] {
    let now = time.now.steady
    return state.withLock { state in
      state.providers.keys.sorted().flatMap { account in
        (state.modelCache.models(of: account, now: now) ?? []).map(\.id)
      }
    }
  }

  // MARK: - Validate

  /// Whether a submit would be refused, as far as the model's schema and the provider's list show.
  public func validate(
    _ request: PredictionRequest, completion: @escaping @Sendable (Result<Validation, CatalogueError>) -> Void
  ) throws(CatalogueError) {
    let provider: any Provider
    do throws(SubmitError) {
      provider = try self.provider(named: request.provider)
    } catch {
      throw .submit(error)
    }
    let id = request.model ?? defaults.model ?? provider.defaultModel
    var problems = Self.promptProblems(in: request.input)
    if let problem = foreignField(in: request.input, of: provider) { problems.append(problem) }
    problems += referenceProblems(in: request, at: provider)
    let hint = provider.isEmbedded ? nil : RetiredModel.hint(for: id)
    guard let catalogue = provider.catalogue else {
      return completion(.success(Validation(problems: problems, hint: hint)))
    }
    let validate: @Sendable (Model, _ isListed: Bool) -> Void = { [problems] model, isListed in
      let schema = model.inputSchema.map(InputSchema.init)
      let unknown = isListed ? schema?.unknownFields(in: request.input, of: id, common: provider.commonFields) : nil
      let found = (schema?.problems(with: request.input) ?? []) + (unknown?.refused ?? [])
      // Problems of the prompt are listed already.
      let more = found.filter { problem in !problems.contains { $0.path == problem.path } }
      let missing = schema == nil ? "The provider does not say what this model takes." : nil
      completion(
        .success(Validation(problems: problems + more, warnings: unknown?.sent ?? [], hint: hint ?? missing)))
    }
    if provider.isEmbedded, let model = catalogue.builtIn(id) { return validate(model, false) }
    ask(catalogue, of: provider) { [problems] result in
      switch result {
      case .success(let models):
        if let model = models.first(where: { $0.id == id }) { return validate(model, true) }
        let problem = InputSchema.Problem(
          path: "model", message: "the provider \"\(provider.name)\" lists no model \"\(id)\"")
        completion(.success(Validation(problems: [problem] + problems, hint: hint)))
      case .failure(let error):
        // Without an answer the built-in schema is used.
        if let model = catalogue.builtIn(id) { return validate(model, false) }
        completion(.failure(.provider(error)))
      }
    }
  }

  /// Requests a provider's models where that was not done within the hour, so that a submit can check an input by them.
  /// Answers after three seconds at the latest, whatever the outcome.
  public func learnModels(of name: String?, completion: @escaping @Sendable () -> Void) {
    guard let (provider, catalogue) = try? catalogue(of: name), !provider.isEmbedded else { return completion() }
    let now = time.now.steady
    guard state.withLock({ $0.modelCache.models(of: provider.account, now: now) }) == nil else { return completion() }
    ask(catalogue, of: provider, atMost: 3_000) { _ in completion() }
  }

  private static func promptProblems(in input: JSONObject) -> [InputSchema.Problem] {
    let path = "input.prompt"
    guard let prompt = input["prompt"], !prompt.isNull else {
      return [.init(path: path, message: "\(path) is missing")]
    }
    guard let text = prompt.string else {
      return [.init(path: path, message: "\(path) must be a string, not \(prompt.kind)")]
    }
    return text.utf8.contains { $0 > 0x20 } ? [] : [.init(path: path, message: "\(path) is empty")]
  }

  /// The first field of the input that works only with another provider.
  func foreignField(in input: JSONObject, of provider: any Provider) -> InputSchema.Problem? {
    guard let own = ownFields.first(where: { $0.provider != provider.name && input[$0.field] != nil }) else {
      return nil
    }
    return .init(
      path: "input.\(own.field)",
      message: "input.\(own.field) works only with the \(own.provider) provider; \(provider.name) would charge for it.")
  }

  /// Refuses a request whose input certainly violates its model's schema, or has a field that its model certainly does
  /// not accept, as far as that is known already: a submit sends no request to the provider.
  ///
  /// - Returns: warnings of fields that are sent although the model may not accept them.
  /// - Throws: the first problem, as `.invalid`.
  func check(
    _ request: PredictionRequest, model id: String, at provider: any Provider
  ) throws(SubmitError) -> [InputSchema.Problem] {
    let now = time.now.steady
    let learned = state.withLock { $0.modelCache.model(id, of: provider.account, now: now)?.inputSchema }
    guard let bytes = learned ?? provider.catalogue?.builtIn(id)?.inputSchema else { return [] }
    let schema = read(bytes)
    // A built-in schema need not list every field.
    let unknown =
      learned == nil ? nil : schema.unknownFields(in: request.input, of: id, common: provider.commonFields)
    if let problem = schema.problems(with: request.input).first ?? unknown?.refused.first {
      throw .invalid(path: problem.path, message: sentences(problem.message, "Nothing was sent."))
    }
    return unknown?.sent ?? []
  }

  /// Parses a schema, but not twice in a row: most programs use one model.
  private func read(_ bytes: [UInt8]) -> InputSchema {
    if let last = state.withLock({ $0.lastSchema }), last.bytes == bytes { return last.schema }
    let schema = InputSchema(bytes)
    state.withLock { $0.lastSchema = (bytes, schema) }
    return schema
  }

  /// Why a submit would refuse a request, as far as that is known already; `nil` where it would not. Sends nothing.
  public func refusal(of request: PredictionRequest) -> SubmitError? {
    do throws(SubmitError) {
      let provider = try self.provider(named: request.provider)
      _ = try check(request, model: request.model ?? defaults.model ?? provider.defaultModel, at: provider)
      return nil
    } catch {
      return error
    }
  }

  // MARK: - Requests

  private func catalogue(of name: String?) throws(CatalogueError) -> (any Provider, any ProviderCatalogue) {
    let provider: any Provider
    do throws(SubmitError) {
      provider = try self.provider(named: name)
    } catch {
      throw .submit(error)
    }
    guard let catalogue = provider.catalogue else { throw .noCatalogue(provider: provider.name) }
    return (provider, catalogue)
  }

  /// A model from the list of the last hour, the built-in ones, or a new request, in this order. A list of the last
  /// hour without the model is believed, except for an embedded provider, which accepts any name.
  private func find(
    _ id: String, in catalogue: any ProviderCatalogue, of provider: any Provider, atMost milliseconds: Int64?,
    asListed: Bool = false, completion: @escaping @Sendable (Result<Model, CatalogueError>) -> Void
  ) {
    let now = time.now.steady
    let list = state.withLock { $0.modelCache.models(of: provider.account, now: now) }
    let learned = list?.first { $0.id == id }
    if let learned, learned.inputSchema != nil { return completion(.success(learned)) }
    if list != nil, learned == nil, !provider.isEmbedded {
      return completion(.failure(.noModel(id, provider: provider.name)))
    }
    if !asListed || provider.isEmbedded, let model = catalogue.builtIn(id) ?? learned {
      return completion(.success(model))
    }
    ask(catalogue, of: provider, atMost: milliseconds) { result in
      switch result {
      case .failure(let error): completion(.failure(.provider(error)))
      case .success(let models):
        let model = models.first { $0.id == id }
        completion(model.map { .success($0) } ?? .failure(.noModel(id, provider: provider.name)))
      }
    }
  }

  /// A model as its provider's catalogue lists it; `nil` where it is not listed, or where there is no catalogue.
  func catalogued(
    _ id: String, at provider: any Provider, atMost milliseconds: Int64? = nil,
    completion: @escaping @Sendable (Result<Model?, ProviderError>) -> Void
  ) {
    guard let catalogue = provider.catalogue else { return completion(.success(nil)) }
    if provider.isEmbedded { return completion(.success(catalogue.builtIn(id))) }
    ask(catalogue, of: provider, atMost: milliseconds) { result in
      completion(result.map { models in models.first { $0.id == id } })
    }
  }

  private func ask(
    _ catalogue: any ProviderCatalogue, of provider: any Provider, atMost milliseconds: Int64? = nil,
    completion: @escaping @Sendable (Result<[Model], ProviderError>) -> Void
  ) {
    let now = time.now.steady
    if let known = state.withLock({ $0.modelCache.models(of: provider.account, now: now) }) {
      return completion(.success(known))
    }
    let account = provider.account
    let milliseconds = milliseconds ?? 30_000
    let number = state.withLock {
      $0.modelRequests.join(account, deadline: now + milliseconds, completion: completion)
    }
    guard let number else { return }
    catalogue.models(atMost: milliseconds) { [self] result in
      let now = time.now.steady
      let (answer, completions) = state.withLock { state in
        let answer = result.map { state.modelCache.note($0, of: account, now: now) }
        return (answer, state.modelRequests.end(number, of: account))
      }
      // Callers may add to their answer what is left of a limit, which they read from the store.
      let tell: @Sendable () -> Void = { for completion in completions { completion(answer) } }
      if provider.isEmbedded { tell() } else { reading(tell) }
    }
  }
}

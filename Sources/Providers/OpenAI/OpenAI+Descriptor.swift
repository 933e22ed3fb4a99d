public import Predictions

extension OpenAI: HTTPProvider {
  /// Many environments have its key for other programs, which must not spend money here: a key alone does not make it the
  /// default provider.
  static let access = ProviderAccess(
    defaultBaseURL: defaultBaseURL, defaultPath: "/v1", healthPath: "/models", hasOwnServers: true,
    isDefaultWithKey: false, settings: [dialectSetting, freeSetting])

  /// Which row of `OpenAIDialect` the server is.
  static let dialectSetting = ProviderSetting(
    name: "dialect", values: .words(OpenAIDialect.names),
    summary: "which server it is, where neither its address nor its list of models tells")
  /// Whether requests cost nothing.
  static let freeSetting = ProviderSetting(
    name: "free", values: .onOrOff,
    summary: "1 or 0: whether requests cost nothing; by default for servers of your own network")

  /// OpenAI's Images API. Its history is the stored replies.
  public static let descriptor = ProviderDescriptor(
    name: "openai", title: "OpenAI", summary: "OpenAI, or your own server with the same images API",
    access: access, history: .byID, tellsPrices: false, takesUploads: true)

  /// A client of one account.
  public static func make(_ parts: ProviderParts) -> OpenAI {
    OpenAI(
      baseURL: parts.baseURL, key: parts.key, account: parts.account, replies: parts.replies, http: parts.http,
      files: parts.files, replyQueue: parts.replyQueue, clientVersion: parts.version,
      dialect: parts.settings[dialectSetting.name], isFree: parts.settings[freeSetting.name].map { $0 == "1" },
      now: parts.now)
  }
}

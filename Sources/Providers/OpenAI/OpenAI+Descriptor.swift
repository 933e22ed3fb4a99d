public import Predictions

extension OpenAI: HTTPProvider {
  /// Many environments have its key for other programs, which must not spend money here: a key alone does not make it the
  /// default provider.
  static let access = ProviderAccess(
    defaultBaseURL: defaultBaseURL, defaultPath: "/v1", healthPath: "/models", hasOwnServers: true,
    isDefaultWithKey: false)

  /// OpenAI's Images API. Its history is the stored replies.
  public static let descriptor = ProviderDescriptor(
    name: "openai", title: "OpenAI", summary: "OpenAI, or your own server with the same images API",
    access: access, history: .byID, tellsPrices: false, takesUploads: true)

  /// A client of one account.
  public static func make(_ parts: ProviderParts) -> OpenAI {
    OpenAI(
      baseURL: parts.baseURL, key: parts.key, account: parts.account, replies: parts.replies, http: parts.http,
      files: parts.files, replyQueue: parts.replyQueue, clientVersion: parts.version, now: parts.now)
  }
}

public import Predictions

extension WaveSpeed: HTTPProvider {
  /// WaveSpeedAI. Its history has items of seven days, dated by its own clock, which the `Date` of an answer shows to a
  /// second; Sources/Providers/README.md, "WaveSpeed".
  public static let descriptor = ProviderDescriptor(
    name: "wavespeed", title: "WaveSpeed",
    summary: "WaveSpeedAI, many models (key from https://wavespeed.ai/accesskey)",
    access: ProviderAccess(
      defaultBaseURL: defaultBaseURL, healthPath: "/api/v3/balance", hasOwnServers: false, isDefaultWithKey: true),
    history: HistoryWindow(reach: 7 * 86_400_000, before: 5_000, after: 60_000), tellsPrices: true, takesUploads: true)

  /// A client of one account.
  public static func make(_ parts: ProviderParts) -> WaveSpeed {
    WaveSpeed(
      baseURL: parts.baseURL, key: parts.key, account: parts.account, replies: parts.replies, http: parts.http,
      files: parts.files, replyQueue: parts.replyQueue, clientVersion: parts.version, now: parts.now)
  }
}

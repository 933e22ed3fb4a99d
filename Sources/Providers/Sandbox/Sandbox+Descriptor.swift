public import Predictions

extension Sandbox: ListedProvider {
  /// Drawings of this process.
  public static let descriptor = ProviderDescriptor(
    name: Prediction.freeProvider, title: "Sandbox", summary: "simple drawings made offline, free",
    access: nil, history: .byID, isFree: true, tellsPrices: true, takesUploads: true,
    ownFields: [SandboxInput.scriptField])

  /// A sandbox.
  public static func make(_ parts: ProviderParts) -> Sandbox { Sandbox(account: parts.account, time: parts.time) }
}

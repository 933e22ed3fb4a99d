/// Where an output may be fetched from.
///
/// A provider names the address, so it may name any: a file, a cloud's credentials at 169.254.169.254, a printer. Only
/// public addresses over https are fetched. The user wrote the base URL, so outputs may also come from its own host with
/// its own scheme, and from its kind of network (this machine, a private network).
public struct EgressPolicy: Sendable {
  /// The number of redirects that are followed.
  public static let redirectLimit = 5

  private let base: BaseURL

  /// A policy for the outputs of the provider at this base URL.
  public init(base: BaseURL) {
    self.base = base
  }

  /// Why an address may not be fetched, judged by its text before DNS; `nil` where it may. One sentence.
  public func refusal(of address: WebAddress) -> String? {
    guard !address.host.isEmpty else { return "It names no host." }
    switch address.scheme {
    case "https": break
    case "http" where base.reach == .loopback || base.scheme == "http" && address.host == base.host: break
    default: return "Its scheme is \(address.scheme); only https is fetched."
    }
    let written =
      if let literal = NetworkAddress(address.host) {
        literal.reach
      } else if BaseURL.isThisMachine(address.host) {
        NetworkAddress.Reach.loopback
      } else {
        NetworkAddress.Reach.public
      }
    return allows(written, host: address.host) ? nil : "It is not on the internet."
  }

  /// Whether the address that DNS gave for a host may be connected to.
  public func allows(_ reach: NetworkAddress.Reach, host: String) -> Bool {
    reach == .public || host == base.host || reach != .linkLocal && reach != .unroutable && reach == base.reach
  }
}

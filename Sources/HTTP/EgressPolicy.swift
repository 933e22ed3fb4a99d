/// Where an output may be fetched from.
///
/// A provider names the address, so it may name any: a file, the cloud's own credentials at 169.254.169.254, a printer.
/// The base URL is the exception, because the user wrote it: what it is itself (its scheme on its own host, this
/// machine, a private network) its outputs may be too.
public struct EgressPolicy: Sendable {
  /// How many redirects are followed.
  public static let redirectLimit = 5
  /// How long an output may be, in bytes.
  public static let byteLimit: Int64 = 256 << 20

  private let base: BaseURL

  /// A policy for the outputs of the provider at this base URL.
  public init(base: BaseURL) {
    self.base = base
  }

  /// Why an address may not be asked, by what is written in it; `nil` where it may.
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

  /// Whether what a host's name turned out to be may be connected to.
  public func allows(_ reach: NetworkAddress.Reach, host: String) -> Bool {
    reach == .public || host == base.host || reach != .linkLocal && reach != .unroutable && reach == base.reach
  }
}

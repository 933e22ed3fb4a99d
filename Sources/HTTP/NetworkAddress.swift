#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// An IP address, and what kind of network it is in.
public struct NetworkAddress: Sendable, Equatable {
  /// The kind of network.
  public enum Reach: Sendable, Equatable {
    /// On the internet.
    case `public`
    /// In a private network (RFC 1918, RFC 6598, RFC 4193).
    case local
    /// This machine.
    case loopback
    /// On this link (RFC 3927, RFC 4291); clouds serve a machine's credentials there.
    case linkLocal
    /// Unspecified, multicast or reserved.
    case unroutable
  }

  /// 4 or 16 bytes in network order.
  public let bytes: [UInt8]

  /// Takes 4 or 16 bytes; `nil` for any other number.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// Reads `192.0.2.1`, `2001:db8::1` or `[2001:db8::1]`; a zone after `%` is ignored.
  public init?(_ text: some StringProtocol) {
    var text = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : String(text)
    if let zone = text.firstIndex(of: "%") { text = String(text[..<zone]) }
    var four = [UInt8](repeating: 0, count: 4)
    var sixteen = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &four) == 1 {
      bytes = four
    } else if inet_pton(AF_INET6, text, &sixteen) == 1 {
      bytes = sixteen
    } else {
      return nil
    }
  }

  /// The kind of network that it is in.
  public var reach: Reach {
    if bytes.count == 4 { return Self.reach(ofVersion4: bytes) }
    // IPv4 embedded in IPv6: mapped, compatible, NAT64, 6to4.
    let start = Array(bytes[0..<12])
    if bytes[0..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
      return Self.reach(ofVersion4: Array(bytes[12...]))
    }
    if start.allSatisfy({ $0 == 0 }) {
      if bytes[12...] == [0, 0, 0, 1] { return .loopback }
      return bytes[12...] == [0, 0, 0, 0] ? .unroutable : Self.reach(ofVersion4: Array(bytes[12...]))
    }
    if start == [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] { return Self.reach(ofVersion4: Array(bytes[12...])) }
    // NAT64 within one network (RFC 8215), and IPv4-translatable addresses (RFC 7915, section 1.3).
    if bytes.starts(with: [0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01]) { return .local }
    if start == [0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0] { return .unroutable }
    if bytes[0] == 0x20, bytes[1] == 0x02 { return Self.reach(ofVersion4: Array(bytes[2..<6])) }
    switch bytes[0] {
    case 0xFC, 0xFD: return .local
    case 0xFE where bytes[1] & 0xC0 == 0x80: return .linkLocal
    case 0xFE where bytes[1] & 0xC0 == 0xC0: return .local
    case 0xFF: return .unroutable
    default: return .public
    }
  }

  private static func reach(ofVersion4 bytes: [UInt8]) -> Reach {
    switch (bytes[0], bytes[1]) {
    case (0, _): .unroutable
    case (10, _), (172, 16...31), (192, 168), (100, 64...127), (198, 18...19): .local
    case (192, 0) where bytes[2] == 0: .local
    case (127, _): .loopback
    case (169, 254): .linkLocal
    case (224..., _): .unroutable
    default: .public
    }
  }

  /// Whether its first bits equal those of another address of the same version.
  func shares(_ bits: Int, with other: NetworkAddress) -> Bool {
    guard bytes.count == other.bytes.count, (0...bytes.count * 8).contains(bits) else { return false }
    let whole = bits / 8
    guard bytes[..<whole] == other.bytes[..<whole] else { return false }
    let rest = bits % 8
    return rest == 0 || (bytes[whole] ^ other.bytes[whole]) >> UInt8(8 - rest) == 0
  }
}

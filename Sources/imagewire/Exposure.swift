#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import HTTP
internal import Commands
internal import Predictions
internal import Providers

/// Checks whether other users could read a key or change the files of imagewire.
struct Exposure {
  let configuration: Configuration

  /// The problems; empty where there are none.
  func findings() -> [Finding] {
    let state = configuration.stateDirectory
    var findings: [Finding] = []
    for (path, subject) in [
      (state, "state" as SafeText), ("\(state)/predictions.db", "table"), (configuration.file.path, "config file"),
    ] {
      findings += changeable(path, subject)
    }
    for path in configuration.keyFiles where path != configuration.file.path {
      findings += changeable(path, "key file")
    }
    for path in configuration.keyFiles {
      guard let status = Self.status(of: path), status.st_mode & 0o044 != 0 else { continue }
      findings.append(
        Finding(
          .warning, "key file", "\(path) contains a key, and other users can read it", advice: "chmod 600 \(path)"))
    }
    return findings + cleartext
  }

  /// A user who can change these files decides where keys and images go.
  private func changeable(_ path: String, _ subject: SafeText) -> [Finding] {
    guard let status = Self.status(of: path) else { return [] }
    var findings: [Finding] = []
    if status.st_uid != geteuid(), status.st_uid != 0 {
      findings.append(
        Finding(
          .problem, subject, "\(path) belongs to another user (uid \(status.st_uid))",
          advice: "Use your own, or chown it."))
    }
    if status.st_mode & 0o022 != 0 {
      findings.append(Finding(.problem, subject, "\(path) can be changed by other users", advice: "chmod go-w \(path)"))
    }
    return findings
  }

  private var cleartext: [Finding] {
    configuration.providers.compactMap { settings in
      guard settings.key.isNamed, let address = settings.baseURL.value, BaseURL.isCleartext(address) else { return nil }
      return Finding(
        .problem, "\(settings.descriptor.title) address", "the key is sent unencrypted to \(address)",
        advice: "Use https://, a server on this machine, or no key.")
    }
  }

  private static func status(of path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }
}

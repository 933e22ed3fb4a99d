/// The desktop of the user, which has a program for each kind of file.
struct Desktop {
  /// The environment.
  let variables: [String: String]

  #if canImport(Darwin)
    private static let opener = "open"
  #else
    private static let opener = "xdg-open"
  #endif

  /// How long the opener may take, in milliseconds; some stay until the window is closed.
  private static let patience = 3_000

  /// Opens a file. Returns why that failed, in one sentence; `nil` where it did not.
  ///
  /// - Parameter path: absolute, so that it is no option of the opener.
  func open(_ path: String) -> String? {
    #if !canImport(Darwin)
      // Without a display xdg-open looks for a browser in the terminal.
      let hasDisplay = ["DISPLAY", "WAYLAND_DISPLAY"].contains { !variables[$0, default: ""].isEmpty }
      guard hasDisplay else { return "There is no display (DISPLAY and WAYLAND_DISPLAY are not set)." }
    #endif
    guard ChildProcess.finds(Self.opener) else { return "\(Self.opener) is missing." }
    switch ChildProcess.leave(Self.opener, [path], patience: Self.patience) {
    case 0?, nil: return nil
    case let status?: return "\(Self.opener) failed with status \(status)."
    }
  }
}

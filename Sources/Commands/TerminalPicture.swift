internal import Encoding
internal import Predictions

/// The protocol by which a terminal shows an image. The image is passed on and never decoded here.
enum TerminalPicture: Sendable, Equatable {
  /// The graphics protocol of kitty, which takes PNG; also Ghostty and Konsole.
  case kitty
  /// The inline images of iTerm2, which take any format; also WezTerm and mintty.
  case iTerm2

  /// The protocol that the variables of the terminal name; `nil` where they name none.
  ///
  /// Inside tmux and screen no image is shown: they drop sequences that they do not know.
  init?(_ variables: [String: String]) {
    let term = variables["TERM"] ?? ""
    let program = (variables["TERM_PROGRAM"] ?? "").lowercased()
    if variables["TMUX"] != nil || variables["STY"] != nil || term.hasPrefix("tmux") || term.hasPrefix("screen") {
      return nil
    }
    if variables["KITTY_WINDOW_ID"] != nil || term == "xterm-kitty" || term == "xterm-ghostty" || program == "ghostty"
      || variables["KONSOLE_VERSION"] != nil
    {
      self = .kitty
    } else if ["iterm.app", "wezterm", "mintty"].contains(program) || variables["LC_TERMINAL"] == "iTerm2" {
      self = .iTerm2
    } else {
      return nil
    }
  }

  /// Whether this protocol takes the format.
  func takes(_ mediaType: String) -> Bool {
    self == .iTerm2 ? FileKind(mediaType: mediaType) == .image : mediaType == "image/png"
  }

  /// The bytes that show an image.
  ///
  /// - Parameter picture: the bytes of its file.
  func sequence(_ picture: [UInt8]) -> [UInt8] {
    let text = Array(Base64.encode(picture).utf8)
    switch self {
    case .iTerm2:
      return Array("\u{1B}]1337;File=inline=1;size=\(picture.count);preserveAspectRatio=1:".utf8) + text + [0x07, 0x0A]
    case .kitty:
      // Pieces of at most 4,096 bytes. The first one states the format, and all but the last say that more follow.
      var bytes: [UInt8] = []
      var place = 0
      repeat {
        let end = min(place + 4_096, text.count)
        let more = end < text.count ? 1 : 0
        bytes += "\u{1B}_G\(place == 0 ? "a=T,f=100,q=2," : "")m=\(more);".utf8
        bytes += text[place..<end]
        bytes += "\u{1B}\\".utf8
        place = end
      } while place < text.count
      return bytes + [0x0A]
    }
  }
}

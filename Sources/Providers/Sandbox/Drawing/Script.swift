/// A script that the bitmap font lacks; a caption names it in English.
enum Script: String, Sendable {
  case greek = "Greek"
  case cyrillic = "Cyrillic"
  case armenian = "Armenian"
  case hebrew = "Hebrew"
  case arabic = "Arabic"
  case indic = "Indic"
  case thai = "Thai"
  case lao = "Lao"
  case tibetan = "Tibetan"
  case burmese = "Burmese"
  case georgian = "Georgian"
  case ethiopic = "Ethiopic"
  case khmer = "Khmer"
  case mongolian = "Mongolian"
  case korean = "Korean"
  case japanese = "Japanese"
  case chinese = "Chinese"
  case emoji
  case other = "other script"

  /// By the blocks of the Unicode Standard. Han characters, which Japanese uses too, count as Chinese.
  init(_ scalar: Unicode.Scalar) {
    self =
      switch scalar.value {
      case 0x0370...0x03FF, 0x1F00...0x1FFF: .greek
      case 0x0400...0x052F, 0x1C80...0x1C8F, 0x2DE0...0x2DFF, 0xA640...0xA69F: .cyrillic
      case 0x0530...0x058F: .armenian
      case 0x0590...0x05FF, 0xFB1D...0xFB4F: .hebrew
      case 0x0600...0x06FF, 0x0750...0x077F, 0x0870...0x08FF, 0xFB50...0xFDFF, 0xFE70...0xFEFC: .arabic
      case 0x0900...0x0DFF: .indic
      case 0x0E00...0x0E7F: .thai
      case 0x0E80...0x0EFF: .lao
      case 0x0F00...0x0FFF: .tibetan
      case 0x1000...0x109F: .burmese
      case 0x10A0...0x10FF, 0x1C90...0x1CBF: .georgian
      case 0x1200...0x139F: .ethiopic
      case 0x1780...0x17FF: .khmer
      case 0x1800...0x18AF: .mongolian
      case 0x1100...0x11FF, 0x3130...0x318F, 0xAC00...0xD7FF: .korean
      case 0x3040...0x30FF, 0x31F0...0x31FF, 0xFF66...0xFF9F: .japanese
      case 0x2E80...0x2FDF, 0x3000...0x303F, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0xFF00...0xFF65,
        0x20000...0x3FFFF:
        .chinese
      case 0x2600...0x27BF, 0x1F000...0x1FAFF: .emoji
      default: scalar.properties.isEmojiPresentation ? .emoji : .other
      }
  }
}

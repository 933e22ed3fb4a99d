/// A diacritical mark of a Latin letter, drawn in the dots that the letter leaves free.
enum Accent: Sendable {
  case grave, acute, circumflex, tilde, macron, breve, dotAbove, diaeresis, hook, ring, doubleAcute, caron, horn
  case dotBelow, cedilla, ogonek, commaBelow, lineBelow

  /// Two rows above the letter or below it, five bits each, the leftmost highest.
  var rows: (UInt8, UInt8) {
    switch self {
    case .grave: (0x08, 0x04)
    case .acute: (0x02, 0x04)
    case .circumflex: (0x04, 0x0A)
    case .tilde: (0x0D, 0x00)
    case .macron: (0x0E, 0x00)
    case .breve: (0x11, 0x0E)
    case .dotAbove: (0x04, 0x00)
    case .diaeresis: (0x0A, 0x00)
    case .hook: (0x06, 0x04)
    case .ring: (0x06, 0x06)
    case .doubleAcute: (0x09, 0x12)
    case .caron: (0x0A, 0x04)
    case .horn: (0x01, 0x02)
    case .dotBelow: (0x00, 0x04)
    case .cedilla: (0x04, 0x08)
    case .ogonek: (0x02, 0x03)
    case .commaBelow: (0x00, 0x0C)
    case .lineBelow: (0x00, 0x0E)
    }
  }

  /// Whether it hangs below the letter.
  var isBelow: Bool {
    switch self {
    case .dotBelow, .cedilla, .ogonek, .commaBelow, .lineBelow: true
    default: false
    }
  }

  /// A letter without its marks: `("e", [.acute])` for é, whether it is one scalar or two; `nil` where its base is not an
  /// ASCII letter or a mark is not known.
  static func split(_ character: Character) -> (base: Character, accents: [Accent])? {
    var scalars = Array(character.unicodeScalars)
    guard var base = scalars.first else { return nil }
    scalars.removeFirst()
    var accents: [Accent] = []
    while let (inner, accent) = composed[base] {
      accents.insert(accent, at: 0)
      base = inner
    }
    for scalar in scalars {
      guard let accent = combining[scalar] else { return nil }
      accents.append(accent)
    }
    let isLetter = base.properties.isAlphabetic && base.isASCII
    return isLetter && !accents.isEmpty ? (Character(base), accents) : nil
  }

  private static let combining: [Unicode.Scalar: Accent] = [
    "\u{300}": .grave, "\u{301}": .acute, "\u{302}": .circumflex, "\u{303}": .tilde, "\u{304}": .macron,
    "\u{306}": .breve, "\u{307}": .dotAbove, "\u{308}": .diaeresis, "\u{309}": .hook, "\u{30A}": .ring,
    "\u{30B}": .doubleAcute, "\u{30C}": .caron, "\u{31B}": .horn, "\u{323}": .dotBelow, "\u{326}": .commaBelow,
    "\u{327}": .cedilla, "\u{328}": .ogonek, "\u{331}": .lineBelow,
  ]

  /// One step of canonical decomposition (Unicode Character Database, field 5) for the letters of Latin-1 Supplement, Latin
  /// Extended-A and -B and Latin Extended Additional. The table of the standard library is not public.
  private static let composed: [Unicode.Scalar: (Unicode.Scalar, Accent)] = {
    var table: [Unicode.Scalar: (Unicode.Scalar, Accent)] = [:]
    for (accent, letters, bases) in steps {
      for (letter, base) in zip(letters.unicodeScalars, bases.unicodeScalars) { table[letter] = (base, accent) }
    }
    return table
  }()

  private static let steps: [(Accent, letters: String, bases: String)] = [
    (
      .grave, "ÀÈÌÒÙàèìòùǛǜǸǹḔḕṐṑẀẁẦầẰằỀềỒồỜờỪừỲỳ",
      "AEIOUaeiouÜüNnĒēŌōWwÂâĂăÊêÔôƠơƯưYy"
    ),
    (
      .acute, "ÁÉÍÓÚÝáéíóúýĆćĹĺŃńŔŕŚśŹźǗǘǴǵǺǻḈḉḖḗḮḯḰḱḾḿṌṍṒṓṔṕṸṹẂẃẤấẮắẾếỐốỚớỨứ",
      "AEIOUYaeiouyCcLlNnRrSsZzÜüGgÅåÇçĒēÏïKkMmÕõŌōPpŨũWwÂâĂăÊêÔôƠơƯư"
    ),
    (
      .circumflex, "ÂÊÎÔÛâêîôûĈĉĜĝĤĥĴĵŜŝŴŵŶŷẐẑẬậỆệỘộ",
      "AEIOUaeiouCcGgHhJjSsWwYyZzẠạẸẹỌọ"
    ),
    (
      .tilde, "ÃÑÕãñõĨĩŨũṼṽẪẫẴẵẼẽỄễỖỗỠỡỮữỸỹ",
      "ANOanoIiUuVvÂâĂăEeÊêÔôƠơƯưYy"
    ),
    (
      .macron, "ĀāĒēĪīŌōŪūǕǖǞǟǠǡǬǭȪȫȬȭȰȱȲȳḠḡḸḹṜṝ",
      "AaEeIiOoUuÜüÄäȦȧǪǫÖöÕõȮȯYyGgḶḷṚṛ"
    ),
    (
      .breve, "ĂăĔĕĞğĬĭŎŏŬŭȂȃȆȇȊȋȎȏȒȓȖȗḜḝẶặ",
      "AaEeGgIiOoUuAaEeIiOoRrUuȨȩẠạ"
    ),
    (
      .dotAbove, "ĊċĖėĠġİŻżȦȧȮȯḂḃḊḋḞḟḢḣṀṁṄṅṖṗṘṙṠṡṤṥṦṧṨṩṪṫẆẇẊẋẎẏ",
      "CcEeGgIZzAaOoBbDdFfHhMmNnPpRrSsŚśŠšṢṣTtWwXxYy"
    ),
    (
      .diaeresis, "ÄËÏÖÜäëïöüÿŸḦḧṎṏṺṻẄẅẌẍẗ",
      "AEIOUaeiouyYHhÕõŪūWwXxt"
    ),
    (
      .hook, "ẢảẨẩẲẳẺẻỂểỈỉỎỏỔổỞởỦủỬửỶỷ",
      "AaÂâĂăEeÊêIiOoÔôƠơUuƯưYy"
    ),
    (
      .ring, "ÅåŮůẘẙ",
      "AaUuwy"
    ),
    (
      .doubleAcute, "ŐőŰűȀȁȄȅȈȉȌȍȐȑȔȕ",
      "OoUuAaEeIiOoRrUu"
    ),
    (
      .caron, "ČčĎďĚěĽľŇňŘřŠšŤťŽžǍǎǏǐǑǒǓǔǙǚǦǧǨǩǰȞȟ",
      "CcDdEeLlNnRrSsTtZzAaIiOoUuÜüGgKkjHh"
    ),
    (
      .horn, "ƠơƯư",
      "OoUu"
    ),
    (
      .dotBelow, "ḄḅḌḍḤḥḲḳḶḷṂṃṆṇṚṛṢṣṬṭṾṿẈẉẒẓẠạẸẹỊịỌọỢợỤụỰựỴỵ",
      "BbDdHhKkLlMmNnRrSsTtVvWwZzAaEeIiOoƠơUuƯưYy"
    ),
    (
      .cedilla, "ÇçĢģĶķĻļŅņŖŗŞşŢţȨȩḐḑḨḩ",
      "CcGgKkLlNnRrSsTtEeDdHh"
    ),
    (
      .ogonek, "ĄąĘęĮįŲųǪǫ",
      "AaEeIiUuOo"
    ),
    (
      .commaBelow, "ȘșȚț",
      "SsTt"
    ),
    (
      .lineBelow, "ḆḇḎḏḴḵḺḻṈṉṞṟṮṯẔẕẖ",
      "BbDdKkLlNnRrTtZzh"
    ),
  ]
}

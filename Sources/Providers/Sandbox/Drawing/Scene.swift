/// Composes the image of a prompt, from the sky to the foreground.
struct Scene {
  let theme: Theme
  var chance: Chance
  var canvas: Canvas
  let skyTop: Colour
  let skyLow: Colour
  let land: Colour
  let light: Colour
  /// The heights at which the ground and the caption begin.
  let horizon: Double
  let floor: Double
  /// The position of the sun or moon, and of its light on the water.
  var lightX = 0.0

  /// The image of a prompt.
  ///
  /// - Parameter index: which of several images of one prompt, from 1.
  static func paint(_ prompt: String, index: Int, width: Int, height: Int) -> Canvas {
    var scene = Scene(prompt, index: index, width: width, height: height)
    scene.paint()
    Caption.paint(prompt, on: &scene.canvas)
    return scene.canvas
  }

  private init(_ prompt: String, index: Int, width: Int, height: Int) {
    // FNV-1a over everything that the image depends on.
    var seed: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in Array(prompt.utf8) + [UInt8(truncatingIfNeeded: index)] {
      seed = (seed ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    chance = Chance(seed: seed)
    theme = Theme(prompt, chance: &chance)
    canvas = Canvas(width: width, height: height)
    horizon = canvas.bottom * chance.next(0.52, 0.62)
    floor = canvas.bottom * 0.86

    var (top, low, light): (Colour, Colour, Colour) =
      switch theme.hour {
      case .day: (Colour(0x3F_7FC8), Colour(0xD3_E9F4), Colour(0xFF_F6D8))
      case .dawn: (Colour(0x6F_93C9), Colour(0xF9_D9C2), Colour(0xFF_E3B8))
      case .sunset: (Colour(0x3A_2B66), Colour(0xF5_9C5B), Colour(0xFF_C66E))
      case .night: (Colour(0x06_0A1E), Colour(0x2B_3C6E), Colour(0xF3_EFD6))
      }
    if theme.hasRain {
      (top, low) = (top.mixed(with: Colour(0x3B_4252), 0.55), low.mixed(with: Colour(0x8A_93A3), 0.55))
    }
    if theme.place == .space { (top, low) = (Colour(0x05_0514), Colour(0x1E_1440)) }
    if theme.hasSnow {
      (top, low) = (top.mixed(with: Colour(0x9F_B4CC), 0.45), low.mixed(with: Colour(0xF1_F4F8), 0.6))
    }
    if let tint = theme.colours.first {
      let dark = theme.hour == .night || theme.place == .space
      top = top.mixed(with: dark ? tint.darker(0.6) : tint, dark ? 0.5 : 0.6)
      low = low.mixed(with: dark ? tint.darker(0.25) : tint.lighter(0.45), 0.6)
    }
    skyTop = top
    skyLow = low
    self.light = light
    var land: Colour =
      switch theme.place {
      case .hills: Colour(0x4E_7F54)
      case .sea: Colour(0x1C_5C86)
      case .desert: Colour(0xD8_9F55)
      case .city: Colour(0x35_4159)
      case .forest: Colour(0x2C_5A42)
      case .mountains: Colour(0x4F_6178)
      case .meadow: Colour(0x6B_A357)
      case .space: Colour(0x2A_2350)
      case .abstract: Colour(0xE8_DFCF)
      }
    if theme.hasSnow { land = land.mixed(with: Colour(0xE9_EFF6), 0.8) }
    if let tint = theme.colours.dropFirst().first ?? theme.colours.first {
      land = land.mixed(with: tint, theme.colours.count > 1 ? 0.65 : 0.35)
    }
    switch theme.hour {
    case .night: land = land.mixed(with: Colour(0x0A_1128), 0.68)
    case .sunset: land = land.mixed(with: Colour(0x4A_2A4A), 0.38)
    default: break
    }
    self.land = land
  }

  private mutating func paint() {
    if theme.place == .abstract { return abstract() }
    sky()
    switch theme.place {
    case .sea: sea()
    case .city: city()
    case .desert: dunes()
    case .forest: forest()
    case .mountains: mountains()
    case .space: space()
    case .hills, .meadow, .abstract: hills()
    }
    if theme.place == .meadow { flowers() }
    subject()
    weather()
  }

  // MARK: - The sky

  private mutating func sky() {
    let (top, low) = (skyTop, skyLow)
    let share = horizon / canvas.bottom
    canvas.fill { height in
      let t = min(1, height / share)
      return top.mixed(with: low, t * t * (3 - 2 * t) * 0.7 + t * 0.3)
    }
    if theme.hour == .night || theme.place == .space { stars() }
    let x = canvas.right * chance.next(0.18, 0.82)
    lightX = x
    switch theme.hour {
    case .night where theme.hasMoon && theme.place != .space:
      let y = canvas.bottom * chance.next(0.14, 0.24)
      canvas.glow(x, y, 0.42, light, alpha: 0.5)
      canvas.disc(x, y, 0.075, light)
      canvas.disc(x - 0.02, y - 0.015, 0.016, light.darker(0.1), alpha: 0.7)
      canvas.disc(x + 0.025, y + 0.02, 0.011, light.darker(0.1), alpha: 0.7)
      canvas.disc(x + 0.012, y - 0.035, 0.008, light.darker(0.1), alpha: 0.7)
    case .day where !theme.hasRain && theme.place != .space:
      let y = canvas.bottom * chance.next(0.12, 0.22)
      canvas.glow(x, y, 0.5, light, alpha: 0.75)
      canvas.disc(x, y, 0.06, light.lighter(0.4))
    case .dawn where theme.place != .space, .sunset where theme.place != .space:
      let y = horizon - chance.next(0.03, 0.12)
      canvas.glow(x, y, 0.85, light, alpha: 0.8)
      canvas.glow(x, y, 0.3, light.lighter(0.3), alpha: 0.7)
      canvas.disc(x, y, 0.085, light.lighter(0.45))
    default: break
    }
    if theme.hasClouds, theme.place != .space { clouds() }
  }

  private mutating func stars() {
    for _ in 0..<Int(140 * canvas.right * canvas.bottom) {
      let (x, y) = (chance.next(0, canvas.right), chance.next(0, theme.place == .space ? canvas.bottom : horizon))
      canvas.disc(x, y, chance.next(0.0007, 0.0022), light.lighter(0.5), alpha: chance.next(0.3, 1))
    }
  }

  private mutating func clouds() {
    let tone = theme.hasRain ? skyTop.darker(0.2) : skyLow.lighter(theme.hour == .night ? 0.08 : 0.65)
    for _ in 0..<4 {
      let (x, y) = (chance.next(-0.1, canvas.right + 0.1), canvas.bottom * chance.next(0.08, 0.34))
      let size = chance.next(0.07, 0.15)
      // A flat base, and bumps that are highest in the middle.
      let bumps = (0...8).map { index -> (x: Double, y: Double) in
        let t = Double(index) / 4 - 1
        let height = (1 - t * t) * 0.42 + (index % 2 == 0 ? 0.06 : -0.05) + chance.next(0, 0.1)
        return (x + t * size, y - size * max(0.05, height))
      }
      canvas.polygon(
        Figure.curve(bumps + [(x + size * 0.6, y + size * 0.05), (x - size * 0.6, y + size * 0.05)]), tone,
        alpha: theme.hour == .night ? 0.3 : 0.72)
    }
  }

  // MARK: - The foreground

  mutating func subject() {
    guard let subject = theme.subject else { return }
    if theme.place == .meadow, subject == .flower { return }
    let x = canvas.right * chance.next(0.4, 0.6)
    let size = min(0.46, (floor - 0.04) * 0.9)
    let isDark = theme.hour == .night
    let lift = subject == .balloon ? canvas.bottom * 0.22 : subject == .heart ? canvas.bottom * 0.14 : 0
    // A portrait is cut off by the edge of the image; other subjects stand on the ground.
    let isPortrait = subject == .person
    let figure = Figure(
      x: x, base: isPortrait ? canvas.bottom : floor - lift, size: isPortrait ? size * 1.5 : size,
      dim: isDark ? 0.35 : 0)
    let standsAlone: [Theme.Subject] = [.boat, .fish, .lighthouse, .balloon, .heart, .person]
    if theme.place == .sea, !standsAlone.contains(subject) { island(x, size) }
    if !isPortrait, subject != .fish, subject != .balloon, subject != .heart, theme.place != .abstract,
      theme.place != .space
    {
      canvas.ellipse(x, floor, size * 0.42, size * 0.035, Colour(0x0B_0F1A), alpha: 0.28)
    }
    figure.paint(subject, theme.subjectColour, on: &canvas)
  }

  /// The support of a subject in the water.
  private mutating func island(_ x: Double, _ size: Double) {
    let rock = land.mixed(with: Colour(0x6B_6356), 0.75).darker(theme.hour == .night ? 0.45 : 0.1)
    canvas.ellipse(x, floor + size * 0.06, size * 0.86, size * 0.05, skyLow.lighter(0.2), alpha: 0.35)
    canvas.polygon(
      Figure.curve([
        (x - size * 0.82, floor + size * 0.07), (x - size * 0.55, floor - size * 0.03), (x, floor - size * 0.06),
        (x + size * 0.5, floor - size * 0.02), (x + size * 0.8, floor + size * 0.07), (x, floor + size * 0.09),
      ]), rock)
    canvas.polygon(
      Figure.curve([
        (x - size * 0.5, floor - size * 0.015), (x, floor - size * 0.05), (x + size * 0.45, floor - size * 0.01),
        (x, floor + size * 0.01),
      ]), rock.lighter(0.16))
  }

  private mutating func weather() {
    if theme.hasMist, theme.place != .forest {
      for _ in 0..<6 {
        canvas.ellipse(
          chance.next(0, canvas.right), horizon + chance.next(-0.04, 0.2), chance.next(0.3, 0.7),
          chance.next(0.02, 0.05),
          skyLow.lighter(0.2), alpha: 0.3)
      }
    }
    if theme.hasRain {
      for _ in 0..<Int(230 * canvas.right * canvas.bottom) {
        let (x, y) = (chance.next(0, canvas.right + 0.1), chance.next(-0.05, canvas.bottom))
        let length = chance.next(0.02, 0.06)
        canvas.polygon(
          [(x, y), (x + 0.0016, y), (x - length * 0.22 + 0.0016, y + length), (x - length * 0.22, y + length)],
          skyLow.lighter(0.5), alpha: 0.38)
      }
    }
    if theme.hasSnow {
      for _ in 0..<Int(260 * canvas.right * canvas.bottom) {
        let near = chance.next()
        canvas.disc(
          chance.next(0, canvas.right), chance.next(0, canvas.bottom), 0.0012 + 0.0045 * near * near, Colour(0xFF_FFFF),
          alpha: 0.5 + 0.4 * near)
      }
    }
  }
}

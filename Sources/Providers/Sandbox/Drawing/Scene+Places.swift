/// The places that an image can show.
extension Scene {
  /// Lines of hills behind each other; farther ones have more of the colour of the sky.
  mutating func hills() {
    for layer in 0..<5 {
      let depth = Double(layer) / 4
      let ridge = Ridge(chance: &chance)
      let base = horizon + (canvas.bottom - horizon) * depth * 0.62 - 0.03
      let colour = skyLow.mixed(with: land.darker(depth * 0.3), 0.3 + 0.7 * depth)
      let relief = 0.16 - depth * 0.07
      let stretch = 1.3 - depth * 0.5
      canvas.ground(colour.lighter(0.1), fadingTo: colour.darker(0.15), over: 0.3) { x in
        base - (ridge.height(x * stretch, octaves: 2) - 0.45) * relief
      }
    }
  }

  mutating func mountains() {
    for layer in 0..<3 {
      let depth = Double(layer) / 2
      let colour = skyLow.mixed(with: land, 0.35 + 0.5 * depth)
      let base = horizon + 0.02 + depth * 0.14
      var x = -0.2
      while x < canvas.right + 0.3 {
        let height = chance.next(0.22, 0.4) * (1 - depth * 0.42)
        let half = height * chance.next(0.75, 1.05)
        peak(x, base, half, height, colour)
        x += half * chance.next(0.7, 1.1)
      }
    }
    let ridge = Ridge(chance: &chance)
    let near = land.mixed(with: Colour(0x33_5A48), theme.hasSnow ? 0.1 : 0.55)
    let edge = horizon + 0.12
    canvas.ground(near.lighter(0.1), fadingTo: near.darker(0.35), over: 0.4) { x in
      edge - (ridge.height(x, octaves: 3) - 0.5) * 0.12
    }
  }

  private mutating func peak(_ x: Double, _ base: Double, _ half: Double, _ height: Double, _ colour: Colour) {
    let top = base - height
    let fold = x + half * chance.next(-0.12, 0.18)
    canvas.polygon([(x - half, base + 0.2), (x, top), (x + half, base + 0.2)], colour)
    canvas.polygon([(x, top), (x + half, base + 0.2), (fold, base + 0.2)], colour.darker(0.16))
    let snow = 0.3
    let slope = half / (height + 0.2)
    let edge = top + height * snow
    let width = slope * height * snow
    let bright = Colour(0xF4_F7FB).mixed(with: skyLow, 0.15)
    canvas.polygon(
      [
        (x, top), (x + width, edge), (x + width * 0.45, edge - height * 0.05), (x + width * 0.12, edge + height * 0.04),
        (x - width * 0.35, edge - height * 0.04), (x - width, edge),
      ], theme.hour == .night ? bright.darker(0.45) : bright)
  }

  mutating func sea() {
    let far = Ridge(chance: &chance)
    let line = horizon
    if chance.next() < 0.6 {
      canvas.ground(skyLow.mixed(with: land, 0.3), fadingTo: skyLow.mixed(with: land, 0.5), over: 0.1) { x in
        line - max(0, far.height(x * 0.8) - 0.42) * 0.16
      }
    }
    canvas.ground(skyLow.mixed(with: land, 0.5), fadingTo: land.darker(0.45), over: canvas.bottom - line) { _ in line }
    // The sky's light on the water: short strokes, longer and farther apart the nearer they are.
    for _ in 0..<Int(260 * canvas.right) {
      let t = chance.next()
      let y = line + (canvas.bottom - line) * t * t
      let length = 0.012 + 0.1 * t * t
      let tone = chance.next() < 0.6 ? skyLow.lighter(0.25) : land.darker(0.3)
      canvas.ellipse(
        chance.next(0, canvas.right), y, length, 0.0012 + 0.004 * t, tone, alpha: chance.next(0.12, 0.34))
    }
    if theme.hour != .day || theme.hasMoon {
      let x = lightX
      for step in 0..<46 {
        let t = Double(step) / 46
        canvas.ellipse(
          x + chance.next(-0.05, 0.05) * (0.4 + t), line + (canvas.bottom - line) * t, 0.02 + chance.next(0, 0.07),
          0.0016 + 0.003 * t, light, alpha: 0.32 * (1 - t * 0.7))
      }
    }
  }

  mutating func dunes() {
    for layer in 0..<4 {
      let depth = Double(layer) / 3
      let ridge = Ridge(chance: &chance)
      let base = horizon + (canvas.bottom - horizon) * depth * 0.6
      let colour = skyLow.mixed(with: land, 0.4 + 0.6 * depth)
      let relief = 0.2 + depth * 0.1
      canvas.ground(colour.lighter(0.22), fadingTo: colour.darker(0.3), over: 0.34) { x in
        base - (ridge.height(x * 0.9, octaves: 1) - 0.3) * relief
      }
    }
  }

  mutating func city() {
    for layer in 0..<3 {
      let depth = Double(layer) / 2
      let colour = skyLow.mixed(with: land, 0.35 + 0.6 * depth)
      var x = -0.03
      while x < canvas.right {
        let width = chance.next(0.05, 0.12)
        let height = chance.next(0.12, 0.42) * (1 - depth * 0.25)
        let base = horizon + 0.16 + depth * 0.12
        canvas.rectangle(x, base - height, width, canvas.bottom - base + height, colour)
        canvas.rectangle(
          x + width * 0.72, base - height, width * 0.28, canvas.bottom - base + height, colour.darker(0.1))
        if chance.next() < 0.3 { canvas.rectangle(x + width * 0.46, base - height - 0.05, 0.004, 0.05, colour) }
        if layer > 0 { windows(x, base - height, width, height + 0.3, depth) }
        x += width + chance.next(0, 0.012)
      }
    }
    canvas.ground(land.darker(0.45), fadingTo: land.darker(0.7), over: 0.25) { [floor] _ in floor - 0.01 }
  }

  private mutating func windows(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ depth: Double) {
    let lit = theme.hour == .day ? 0.15 : 0.5
    let step = 0.017 + 0.004 * depth
    var row = y + 0.014
    while row < y + height - 0.01 {
      var column = x + 0.008
      while column < x + width - 0.012 {
        if chance.next() < lit {
          canvas.rectangle(column, row, step * 0.45, step * 0.55, Colour(0xFF_DC91), alpha: chance.next(0.45, 0.95))
        }
        column += step
      }
      row += step * 1.25
    }
  }

  mutating func forest() {
    for layer in 0..<5 {
      let depth = Double(layer) / 4
      let colour = skyLow.mixed(with: land.darker(depth * 0.35), 0.28 + 0.72 * depth)
      let ridge = Ridge(chance: &chance)
      let base = horizon - 0.02 + depth * (floor - horizon)
      var x = -0.05
      while x < canvas.right + 0.05 {
        let size = (0.1 + 0.16 * depth) * chance.next(0.65, 1.15)
        conifer(x, base - (ridge.height(x) - 0.5) * 0.05 + 0.02, size, colour.mixed(with: land, chance.next(0, 0.12)))
        x += size * chance.next(0.24, 0.5)
      }
      canvas.ground(colour, fadingTo: colour.darker(0.3), over: 0.3) { x in base - (ridge.height(x) - 0.5) * 0.05 }
      if theme.hasMist { canvas.ellipse(canvas.right / 2, base, canvas.right * 0.7, 0.05, skyLow, alpha: 0.4) }
    }
  }

  private mutating func conifer(_ x: Double, _ base: Double, _ size: Double, _ colour: Colour) {
    canvas.rectangle(x - size * 0.03, base - size * 0.12, size * 0.06, size * 0.14, colour.darker(0.35))
    for tier in 0..<3 {
      let t = Double(tier)
      let low = base - size * (0.08 + 0.27 * t)
      let half = size * (0.24 - 0.06 * t)
      canvas.polygon([(x - half, low), (x, low - size * 0.42), (x + half, low)], colour.lighter(0.03 * t))
      if theme.hasSnow {
        canvas.polygon(
          [(x - half * 0.5, low - size * 0.2), (x, low - size * 0.42), (x + half * 0.5, low - size * 0.2)],
          Colour(0xF3_F6FA), alpha: 0.75)
      }
    }
  }

  mutating func space() {
    for _ in 0..<5 {
      let tint = theme.colours.first ?? (chance.next() < 0.5 ? Colour(0x7B_3FA0) : Colour(0x2C_5FA8))
      canvas.glow(
        chance.next(0, canvas.right), chance.next(0, canvas.bottom), chance.next(0.3, 0.7), tint, alpha: 0.36)
    }
    let (x, y, r) = (
      canvas.right * chance.next(0.35, 0.65), canvas.bottom * chance.next(0.36, 0.5), chance.next(0.17, 0.25)
    )
    let body = theme.colours.dropFirst().first ?? theme.colours.first ?? Colour(0xC9_8452)
    canvas.glow(x, y, r * 1.8, body.lighter(0.3), alpha: 0.35)
    let clouds = Ridge(chance: &chance)
    ring(x, y, r, body.lighter(0.4), side: -1)
    canvas.ball(x, y, r) { height in body.lighter(0.3).mixed(with: body.darker(0.35), clouds.height(height * 2.6)) }
    ring(x, y, r, body.lighter(0.4), side: 1)
  }

  /// Half of a planet's ring: the far half (-1) or the near half (1).
  private mutating func ring(_ x: Double, _ y: Double, _ r: Double, _ colour: Colour, side: Double) {
    for (inner, outer, strength) in [(1.32, 1.56, 0.55), (1.6, 1.86, 0.4), (1.9, 1.98, 0.3)] {
      func arc(_ size: Double) -> [(x: Double, y: Double)] {
        (0...48).map { index in
          let t = Double(index) / 24 - 1
          return (x + r * size * t, y + (side * size * 0.24 * max(0, 1 - t * t).squareRoot() - 0.16 * size * t) * r)
        }
      }
      canvas.polygon(arc(outer) + arc(inner).reversed(), colour, alpha: strength)
    }
  }

  mutating func flowers() {
    let tint = theme.subjectColour ?? theme.colours.last ?? Colour(0xE8_6E8A)
    let start = horizon + 0.12
    for row in 0..<9 {
      let t = Double(row) / 8
      let size = 0.006 + 0.02 * t
      for _ in 0..<Int(13 * canvas.right) {
        let (x, y) = (chance.next(0, canvas.right), start + (canvas.bottom - start) * t * t + chance.next(-0.02, 0.02))
        let kind = chance.next() < 0.7 ? tint : tint.mixed(with: Colour(0xFF_F2D0), 0.6)
        canvas.rectangle(x - size * 0.08, y, size * 0.16, size * 2.2, land.darker(0.35))
        for (dx, dy) in [(-0.7, 0.0), (0.7, 0.0), (0.0, -0.7), (0.0, 0.7)] {
          canvas.disc(x + dx * size, y + dy * size, size * 0.62, kind, alpha: 0.9)
        }
        canvas.disc(x, y, size * 0.4, Colour(0xF6_CB4B))
      }
    }
  }

  /// For prompts without a place: simple shapes on paper, in a few matching colours.
  mutating func abstract() {
    let families: [[UInt32]] = [
      [0xD94F3D, 0x22577A, 0xF2B134, 0x2B2D42, 0x6FA8A1], [0x2A9D8F, 0xE76F51, 0xE9C46A, 0x264653, 0xF4A261],
      [0x5B3A8C, 0xF26B6B, 0xF9D56E, 0x1F3B57, 0x9CCFD8], [0x386641, 0xBC4749, 0xF2E8CF, 0x6A994E, 0x283618],
    ]
    var colours = families[Int(chance.next() * 4)].map { Colour($0) }
    if !theme.colours.isEmpty {
      colours = theme.colours.flatMap { [$0, $0.lighter(0.35), $0.darker(0.35)] } + [Colour(0x2B_2D42)]
    }
    let paper = theme.hour == .night ? Colour(0x14_1726) : Colour(0xF3_ECDF).mixed(with: colours[0], 0.08)
    canvas.fill { paper.darker(0.06 * $0) }
    let columns = max(3, Int(canvas.right * 5))
    let rows = max(3, Int(canvas.bottom * 5))
    let (w, h) = (canvas.right / Double(columns), canvas.bottom / Double(rows))
    for row in 0..<rows {
      for column in 0..<columns {
        let (x, y) = (Double(column) * w, Double(row) * h)
        let one = colours[Int(chance.next() * Double(colours.count))]
        let two = colours[Int(chance.next() * Double(colours.count))]
        switch Int(chance.next() * 7) {
        case 0: canvas.rectangle(x, y, w, h, one)
        case 1: canvas.polygon([(x, y), (x + w, y), (x, y + h)], one)
        case 2: canvas.polygon([(x + w, y), (x + w, y + h), (x, y + h)], one)
        case 3:
          canvas.rectangle(x, y, w, h, one)
          canvas.ellipse(x + w / 2, y + h / 2, w * 0.36, h * 0.36, two)
        case 4:
          canvas.ellipse(x + w / 2, y + h / 2, w * 0.48, h * 0.48, one)
          canvas.ellipse(x + w / 2, y + h / 2, w * 0.24, h * 0.24, paper)
        case 5: for stripe in 0..<4 { canvas.rectangle(x, y + h * (Double(stripe) * 0.25 + 0.06), w, h * 0.12, one) }
        default: break
        }
      }
    }
    for _ in 0..<3 {
      canvas.disc(
        chance.next(0.15, canvas.right - 0.15), chance.next(0.15, canvas.bottom - 0.3), chance.next(0.12, 0.26),
        colours[Int(chance.next() * Double(colours.count))], alpha: 0.55)
    }
    subject()
  }
}

/// A subject in the foreground, built from simple shapes.
struct Figure {
  let x: Double
  /// Where it stands.
  let base: Double
  /// Its height.
  let size: Double
  /// How dark it is: 0 by day, 1 at night.
  let dim: Double

  func paint(_ subject: Theme.Subject, _ wish: Colour?, on canvas: inout Canvas) {
    func tone(_ usual: UInt32) -> Colour { (wish ?? Colour(usual)).darker(dim) }
    switch subject {
    case .fox: sitting(tone(0xD0_6A32), belly: Colour(0xF7_EEDF), ears: .pointed, bushy: true, on: &canvas)
    case .cat:
      sitting(
        tone(0x5B_5566), belly: (wish ?? Colour(0x5B_5566)).lighter(0.45), ears: .small, bushy: false, on: &canvas)
    case .dog: sitting(tone(0x9B_6B3F), belly: Colour(0xEF_DCC0), ears: .floppy, bushy: false, on: &canvas)
    case .bird: bird(tone(0x3F_78B5), on: &canvas)
    case .fish: fish(tone(0xF0_8A3C), on: &canvas)
    case .house: house(tone(0xB9_5B45), on: &canvas)
    case .lighthouse: lighthouse(tone(0xC8_3A2B), on: &canvas)
    case .boat: boat(tone(0x8A_4B32), on: &canvas)
    case .tree: tree(tone(0x4C_8C4A), on: &canvas)
    case .flower: flower(tone(0xE3_5D7F), on: &canvas)
    case .balloon: balloon(tone(0xD9_4F3D), on: &canvas)
    case .castle: castle(tone(0x71_6B72), on: &canvas)
    case .heart: heart(tone(0xD6_3B4E), on: &canvas)
    case .apple: apple(tone(0xC8_3A2B), on: &canvas)
    case .robot: robot(tone(0x8F_A3B0), on: &canvas)
    case .person: person(tone(0x3E_6C8F), on: &canvas)
    }
  }

  private enum Ears { case pointed, small, floppy }

  // Local coordinates: one is the figure's height, the origin is where it stands, up is negative.
  private func at(_ points: [(Double, Double)]) -> [(x: Double, y: Double)] {
    points.map { (x + $0.0 * size, base + $0.1 * size) }
  }

  private func curve(_ points: [(Double, Double)]) -> [(x: Double, y: Double)] {
    Self.curve(at(points))
  }

  /// A closed curve through points (Catmull-Rom), as a polygon.
  static func curve(_ p: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    let n = p.count
    return (0..<n).flatMap { index -> [(x: Double, y: Double)] in
      let (a, b, c, d) = (p[(index + n - 1) % n], p[index], p[(index + 1) % n], p[(index + 2) % n])
      return (0..<8).map { step in
        let t = Double(step) / 8
        func blend(_ a: Double, _ b: Double, _ c: Double, _ d: Double) -> Double {
          0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t)
        }
        return (blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y))
      }
    }
  }

  func dot(_ dx: Double, _ dy: Double, _ radius: Double, _ colour: Colour, on canvas: inout Canvas) {
    canvas.disc(x + dx * size, base + dy * size, radius * size, colour)
  }

  private func sitting(_ coat: Colour, belly: Colour, ears: Ears, bushy: Bool, on canvas: inout Canvas) {
    let pale = belly.darker(dim)
    let dark = Colour(0x22_1D20)
    if bushy {
      canvas.polygon(
        curve([
          (0.08, -0.02), (0.26, 0.0), (0.42, -0.1), (0.47, -0.28), (0.4, -0.42), (0.33, -0.3), (0.24, -0.2),
          (0.1, -0.16),
        ]),
        coat.darker(0.1))
      canvas.polygon(curve([(0.35, -0.31), (0.44, -0.27), (0.47, -0.32), (0.4, -0.43)]), pale)
    } else {
      canvas.polygon(
        curve([
          (0.12, -0.02), (0.3, -0.02), (0.4, -0.14), (0.38, -0.3), (0.33, -0.3), (0.33, -0.16), (0.26, -0.08),
          (0.12, -0.08),
        ]),
        coat.darker(0.12))
    }
    canvas.polygon(
      curve([(-0.2, 0), (-0.22, -0.2), (-0.13, -0.46), (0, -0.56), (0.13, -0.46), (0.22, -0.2), (0.2, 0), (0, 0.012)]),
      coat)
    canvas.polygon(curve([(-0.07, -0.02), (-0.1, -0.26), (0, -0.48), (0.1, -0.26), (0.07, -0.02)]), pale)
    for side in [-1.0, 1.0] {
      canvas.ellipse(
        x + side * 0.085 * size, base - 0.012 * size, 0.06 * size, 0.032 * size,
        bushy ? dark.lighter(0.12) : coat.darker(0.15))
    }
    for side in [-1.0, 1.0] {
      switch ears {
      case .pointed:
        canvas.polygon(at([(side * 0.06, -0.78), (side * 0.23, -1.0), (side * 0.235, -0.68)]), coat.darker(0.08))
        canvas.polygon(at([(side * 0.11, -0.79), (side * 0.205, -0.93), (side * 0.205, -0.74)]), dark.lighter(0.1))
      case .small:
        canvas.polygon(at([(side * 0.05, -0.8), (side * 0.19, -0.94), (side * 0.21, -0.7)]), coat.darker(0.08))
        canvas.polygon(
          at([(side * 0.1, -0.8), (side * 0.17, -0.88), (side * 0.18, -0.76)]), Colour(0xE3_A7A7).darker(dim))
      case .floppy:
        canvas.polygon(
          curve([(side * 0.12, -0.82), (side * 0.26, -0.76), (side * 0.29, -0.56), (side * 0.2, -0.56)]),
          coat.darker(0.25))
      }
    }
    let chin = ears == .pointed ? -0.47 : -0.5
    canvas.polygon(
      curve([
        (-0.23, -0.66), (-0.16, -0.8), (0, -0.84), (0.16, -0.8), (0.23, -0.66), (0.1, -0.52), (0, chin), (-0.1, -0.52),
      ]), coat)
    for side in [-1.0, 1.0] {
      canvas.polygon(
        curve([(side * 0.21, -0.645), (side * 0.12, -0.62), (side * 0.03, -0.6), (0, chin + 0.01), (side * 0.1, -0.53)]
        ), pale)
    }
    for side in [-1.0, 1.0] {
      // Bright eyes in a dark coat.
      if coat.brightness < 0.25 { dot(side * 0.095, -0.68, 0.034, Colour(0xE8_D25A), on: &canvas) }
      dot(side * 0.095, -0.68, coat.brightness < 0.25 ? 0.018 : 0.026, dark, on: &canvas)
      dot(side * 0.087, -0.69, 0.008, Colour(0xFF_FFFF), on: &canvas)
    }
    canvas.ellipse(x, base + (chin + 0.025) * size, 0.03 * size, 0.022 * size, dark)
  }

  private func bird(_ coat: Colour, on canvas: inout Canvas) {
    let dark = Colour(0x2A_2420)
    for dx in [-0.03, 0.05] { canvas.rectangle(x + dx * size, base - 0.16 * size, 0.012 * size, 0.16 * size, dark) }
    canvas.polygon(
      curve([(-0.44, -0.42), (-0.25, -0.4), (-0.12, -0.3), (-0.2, -0.28), (-0.4, -0.36)]), coat.darker(0.25))
    canvas.polygon(
      curve([(-0.22, -0.3), (-0.08, -0.16), (0.12, -0.17), (0.26, -0.34), (0.22, -0.56), (0.08, -0.52), (-0.1, -0.44)]),
      coat)
    canvas.polygon(
      curve([(0.02, -0.18), (0.16, -0.2), (0.24, -0.36), (0.18, -0.46), (0.08, -0.34)]), Colour(0xF6_E3C4).darker(dim))
    dot(0.17, -0.6, 0.13, coat, on: &canvas)
    canvas.polygon(at([(0.28, -0.63), (0.4, -0.585), (0.28, -0.55)]), Colour(0xE9_9B2F).darker(dim))
    canvas.polygon(
      curve([(-0.3, -0.34), (-0.1, -0.24), (0.08, -0.3), (0.04, -0.46), (-0.08, -0.46)]), coat.darker(0.18))
    dot(0.21, -0.63, 0.022, dark, on: &canvas)
    dot(0.216, -0.637, 0.007, Colour(0xFF_FFFF), on: &canvas)
  }

  private func fish(_ coat: Colour, on canvas: inout Canvas) {
    canvas.polygon(curve([(-0.2, -0.3), (-0.42, -0.46), (-0.38, -0.3), (-0.42, -0.12)]), coat.darker(0.15))
    canvas.polygon(curve([(-0.04, -0.42), (0.06, -0.54), (0.16, -0.42)]), coat.darker(0.2))
    canvas.polygon(
      curve([(-0.28, -0.3), (-0.08, -0.44), (0.18, -0.44), (0.38, -0.3), (0.18, -0.16), (-0.08, -0.16)]), coat)
    canvas.polygon(curve([(-0.1, -0.2), (0.18, -0.17), (0.34, -0.27), (0.1, -0.26)]), coat.lighter(0.45))
    canvas.polygon(curve([(0.04, -0.3), (0.1, -0.22), (-0.02, -0.18)]), coat.darker(0.2))
    dot(0.24, -0.34, 0.032, Colour(0xFF_FFFF), on: &canvas)
    dot(0.25, -0.34, 0.017, Colour(0x18_1A20), on: &canvas)
  }

  private func house(_ wall: Colour, on canvas: inout Canvas) {
    let glass = Colour(0xFF_DE8F)
    canvas.rectangle(x + 0.16 * size, base - 0.82 * size, 0.09 * size, 0.3 * size, wall.darker(0.35))
    canvas.rectangle(x - 0.36 * size, base - 0.46 * size, 0.72 * size, 0.46 * size, wall)
    canvas.rectangle(x + 0.1 * size, base - 0.46 * size, 0.26 * size, 0.46 * size, wall.darker(0.1))
    canvas.polygon(at([(-0.44, -0.44), (0, -0.8), (0.44, -0.44)]), Colour(0x4A_3B40).darker(dim))
    canvas.rectangle(x - 0.07 * size, base - 0.26 * size, 0.14 * size, 0.26 * size, Colour(0x4A_2F25).darker(dim))
    dot(0.04, -0.13, 0.01, glass, on: &canvas)
    for dx in [-0.28, 0.15] {
      canvas.glow(x + (dx + 0.065) * size, base - 0.27 * size, 0.16 * size, glass, alpha: 0.3 + dim)
      canvas.rectangle(x + dx * size, base - 0.34 * size, 0.13 * size, 0.14 * size, glass)
      canvas.rectangle(x + (dx + 0.06) * size, base - 0.34 * size, 0.012 * size, 0.14 * size, wall.darker(0.5))
      canvas.rectangle(x + dx * size, base - 0.276 * size, 0.13 * size, 0.012 * size, wall.darker(0.5))
    }
  }

  private func lighthouse(_ stripe: Colour, on canvas: inout Canvas) {
    let white = Colour(0xF4_F1E8).darker(dim)
    let lamp = Colour(0xFF_E9A8)
    for side in [-1.0, 1.0] {
      canvas.polygon(at([(0, -1.0), (side * 1.3, -1.2), (side * 1.3, -0.86)]), lamp, alpha: 0.14 + dim * 0.4)
    }
    canvas.polygon(
      curve([(-0.5, 0.03), (-0.3, -0.06), (0, -0.1), (0.3, -0.05), (0.5, 0.03)]), Colour(0x4A_4A50).darker(dim))
    for band in 0..<6 {
      let (low, high) = (Double(band) / 6, Double(band + 1) / 6)
      let (a, b) = (0.16 - 0.07 * low, 0.16 - 0.07 * high)
      let (y, z) = (-0.04 - 0.84 * low, -0.04 - 0.84 * high)
      let tone = band % 2 == 0 ? white : stripe
      canvas.polygon(at([(-a, y), (a, y), (b, z), (-b, z)]), tone)
      canvas.polygon(at([(a * 0.35, y), (a, y), (b, z), (b * 0.35, z)]), tone.darker(0.14))
    }
    canvas.rectangle(x - 0.13 * size, base - 0.905 * size, 0.26 * size, 0.03 * size, Colour(0x33_363E))
    canvas.glow(x, base - 0.97 * size, 0.34 * size, lamp, alpha: 0.9)
    canvas.rectangle(x - 0.06 * size, base - 1.02 * size, 0.12 * size, 0.12 * size, lamp)
    canvas.polygon(at([(-0.1, -1.02), (0, -1.13), (0.1, -1.02)]), stripe.darker(0.2))
  }

  private func boat(_ hull: Colour, on canvas: inout Canvas) {
    let sail = Colour(0xF7_F2E4).darker(dim * 0.6)
    canvas.rectangle(x - 0.01 * size, base - 0.92 * size, 0.02 * size, 0.8 * size, Colour(0x4A_3A2E))
    canvas.polygon(at([(0.03, -0.9), (0.03, -0.2), (0.36, -0.2)]), sail)
    canvas.polygon(at([(-0.03, -0.82), (-0.03, -0.2), (-0.26, -0.2)]), sail.darker(0.1))
    canvas.polygon(curve([(-0.42, -0.15), (0, -0.13), (0.46, -0.16), (0.34, 0.0), (0, 0.03), (-0.32, 0.0)]), hull)
    canvas.polygon(at([(-0.39, -0.1), (0.42, -0.11), (0.4, -0.07), (-0.37, -0.06)]), hull.lighter(0.5))
  }

  private func tree(_ leaves: Colour, on canvas: inout Canvas) {
    canvas.polygon(at([(-0.06, 0), (-0.035, -0.45), (0.035, -0.45), (0.07, 0)]), Colour(0x5B_4030).darker(dim))
    for (dx, dy, r, shade) in [
      (-0.2, -0.5, 0.19, 0.2), (0.2, -0.52, 0.2, 0.25), (0.0, -0.56, 0.26, 0.1), (-0.12, -0.72, 0.19, 0.0),
      (0.13, -0.74, 0.18, 0.06), (0.0, -0.84, 0.15, 0.0),
    ] {
      dot(dx, dy, r, leaves.darker(shade), on: &canvas)
      canvas.disc(
        x + (dx - r * 0.25) * size, base + (dy - r * 0.3) * size, r * 0.5 * size, leaves.lighter(0.18), alpha: 0.35)
    }
  }

  private func flower(_ petal: Colour, on canvas: inout Canvas) {
    for (dx, height, scale) in [(-0.24, 0.66, 0.8), (0.26, 0.74, 0.85), (0.0, 0.92, 1.0)] {
      let stem = Colour(0x3E_7A46).darker(dim)
      canvas.polygon(
        at([(dx * 0.5 - 0.012, 0), (dx - 0.012, -height), (dx + 0.012, -height), (dx * 0.5 + 0.012, 0)]), stem)
      canvas.polygon(
        curve([(dx * 0.7, -height * 0.4), (dx * 0.7 + 0.12, -height * 0.58), (dx * 0.7 + 0.16, -height * 0.44)]),
        stem.lighter(0.1))
      for (px, py) in [(0.0, -1.0), (0.95, -0.31), (0.59, 0.81), (-0.59, 0.81), (-0.95, -0.31)] {
        dot(dx + px * 0.105 * scale, -height + py * 0.105 * scale, 0.092 * scale, petal, on: &canvas)
        dot(dx + px * 0.07 * scale, -height + py * 0.07 * scale, 0.04 * scale, petal.lighter(0.25), on: &canvas)
      }
      dot(dx, -height, 0.06 * scale, Colour(0xF4_C542).darker(dim), on: &canvas)
    }
  }

  private func balloon(_ cloth: Colour, on canvas: inout Canvas) {
    for dx in [-0.1, 0.1] {
      canvas.polygon(
        at([(dx * 1.9, -0.62), (dx, -0.3), (dx + 0.008, -0.3), (dx * 1.9 + 0.012, -0.62)]), Colour(0x4A_3A2E))
    }
    for (stripe, half) in [0.34, 0.24, 0.13].enumerated() {
      let tone = stripe == 1 ? Colour(0xF7_EBD0).darker(dim) : cloth.darker(Double(stripe) * 0.05)
      canvas.polygon(
        curve([
          (0, -1.12), (half, -0.98), (half * 1.06, -0.78), (half * 0.5, -0.56), (-half * 0.5, -0.56),
          (-half * 1.06, -0.78), (-half, -0.98),
        ]), tone)
    }
    canvas.rectangle(x - 0.1 * size, base - 0.31 * size, 0.2 * size, 0.13 * size, Colour(0x8A_5A34).darker(dim))
    canvas.rectangle(x - 0.11 * size, base - 0.32 * size, 0.22 * size, 0.025 * size, Colour(0x5B_3A22))
  }

  private func castle(_ stone: Colour, on canvas: inout Canvas) {
    for (dx, width, height, shade) in [
      (-0.42, 0.2, 0.7, 0.1), (0.22, 0.2, 0.7, 0.16), (-0.24, 0.48, 0.5, 0.04), (-0.1, 0.2, 0.86, 0.0),
    ] {
      canvas.rectangle(x + dx * size, base - height * size, width * size, height * size, stone.darker(shade))
      for tooth in stride(from: 0.0, to: width - 0.02, by: 0.08) {
        canvas.rectangle(
          x + (dx + tooth) * size, base - (height + 0.045) * size, 0.045 * size, 0.05 * size, stone.darker(shade))
      }
    }
    for (dx, dy) in [(-0.33, -0.5), (0.31, -0.5), (0.0, -0.66)] {
      canvas.rectangle(x + (dx - 0.02) * size, base + dy * size, 0.04 * size, 0.09 * size, Colour(0xFF_DE8F))
    }
    canvas.polygon(curve([(-0.08, 0), (-0.08, -0.16), (0, -0.25), (0.08, -0.16), (0.08, 0)]), Colour(0x3A_2A22))
    canvas.polygon(at([(0.0, -0.9), (0.0, -1.06), (0.15, -1.01), (0.0, -0.97)]), Colour(0xC8_3A2B))
  }

  private func heart(_ tint: Colour, on canvas: inout Canvas) {
    canvas.glow(x, base - 0.5 * size, 0.75 * size, tint.lighter(0.3), alpha: 0.5)
    canvas.polygon(
      curve([
        (0, -0.1), (-0.26, -0.34), (-0.42, -0.58), (-0.34, -0.82), (-0.14, -0.86), (0, -0.72), (0.14, -0.86),
        (0.34, -0.82), (0.42, -0.58), (0.26, -0.34),
      ]), tint)
    canvas.ellipse(x - 0.22 * size, base - 0.72 * size, 0.07 * size, 0.05 * size, tint.lighter(0.6), alpha: 0.7)
  }

  private func apple(_ skin: Colour, on canvas: inout Canvas) {
    canvas.polygon(
      curve([
        (0, -0.62), (-0.2, -0.68), (-0.36, -0.5), (-0.32, -0.2), (-0.14, -0.01), (0, -0.04), (0.14, -0.01),
        (0.32, -0.2), (0.36, -0.5), (0.2, -0.68),
      ]), skin)
    canvas.ellipse(x - 0.18 * size, base - 0.48 * size, 0.06 * size, 0.1 * size, skin.lighter(0.6), alpha: 0.6)
    canvas.polygon(at([(-0.012, -0.6), (0.02, -0.8), (0.05, -0.8), (0.016, -0.6)]), Colour(0x5B_4030))
    canvas.polygon(curve([(0.04, -0.72), (0.16, -0.86), (0.3, -0.8), (0.18, -0.7)]), Colour(0x5E_A24F).darker(dim))
  }
}

/// Subjects that stand on two legs.
extension Figure {
  func robot(_ metal: Colour, on canvas: inout Canvas) {
    func box(_ dx: Double, _ top: Double, _ width: Double, _ height: Double, _ colour: Colour) {
      canvas.rectangle(x + dx * size, base + top * size, width * size, height * size, colour)
    }
    let dark = metal.darker(0.5)
    let lamp = Colour(0x6F_E3E0)
    for side in [-1.0, 1.0] {
      box(side * 0.11 - 0.05, -0.22, 0.1, 0.2, dark)
      box(side * 0.12 - 0.08, -0.05, 0.16, 0.05, metal.darker(0.25))
      box(side * 0.29 - 0.04, -0.56, 0.08, 0.28, dark)
      canvas.disc(x + side * 0.29 * size, base - 0.26 * size, 0.06 * size, metal.darker(0.15))
    }
    box(-0.24, -0.6, 0.48, 0.4, metal)
    box(0.08, -0.6, 0.16, 0.4, metal.darker(0.12))
    box(-0.14, -0.52, 0.28, 0.16, dark)
    for (index, tint) in [Colour(0xE9_5F4E), Colour(0xF2_CF4A), Colour(0x6F_D08C)].enumerated() {
      canvas.disc(x + (Double(index) * 0.08 - 0.08) * size, base - 0.44 * size, 0.026 * size, tint)
    }
    box(-0.05, -0.65, 0.1, 0.06, dark)
    box(-0.19, -0.92, 0.38, 0.28, metal.lighter(0.08))
    box(-0.14, -0.86, 0.28, 0.13, dark)
    for side in [-1.0, 1.0] {
      canvas.glow(x + side * 0.07 * size, base - 0.795 * size, 0.1 * size, lamp, alpha: 0.6)
      canvas.disc(x + side * 0.07 * size, base - 0.795 * size, 0.034 * size, lamp)
      box(side * 0.205 - 0.02, -0.83, 0.04, 0.1, dark)
    }
    box(-0.08, -0.705, 0.16, 0.02, dark)
    box(-0.008, -1.0, 0.016, 0.08, dark)
    canvas.disc(x, base - 1.01 * size, 0.03 * size, Colour(0xE9_5F4E))
  }

  /// Head and shoulders, in the size of a portrait.
  func person(_ coat: Colour, on canvas: inout Canvas) {
    func shape(_ points: [(Double, Double)], _ colour: Colour) {
      canvas.polygon(Self.curve(points.map { (x: x + $0.0 * size, y: base + $0.1 * size) }), colour)
    }
    let skin = Colour(0xD9_A77F).darker(dim)
    let hair = Colour(0x4A_3428).darker(dim)
    let dark = Colour(0x2A_2024)
    shape(
      [(-0.27, -0.86), (0, -1.05), (0.27, -0.86), (0.27, -0.5), (0.14, -0.36), (-0.14, -0.36), (-0.27, -0.5)], hair)
    shape([(-0.4, 0.01), (-0.38, -0.22), (-0.2, -0.34), (0, -0.36), (0.2, -0.34), (0.38, -0.22), (0.4, 0.01)], coat)
    shape([(-0.08, -0.5), (-0.09, -0.33), (0, -0.22), (0.09, -0.33), (0.08, -0.5)], skin.darker(0.14))
    shape(
      [
        (-0.19, -0.82), (0, -0.93), (0.19, -0.82), (0.18, -0.6), (0.09, -0.46), (0, -0.43), (-0.09, -0.46),
        (-0.18, -0.6),
      ],
      skin)
    shape(
      [(-0.21, -0.72), (-0.18, -0.92), (0.04, -0.98), (0.22, -0.88), (0.21, -0.7), (0.13, -0.83), (-0.08, -0.86)], hair)
    for side in [-1.0, 1.0] {
      canvas.ellipse(
        x + side * 0.082 * size, base - 0.68 * size, 0.03 * size, 0.018 * size, Colour(0xF7_F3EA).darker(dim))
      canvas.disc(x + side * 0.082 * size, base - 0.68 * size, 0.017 * size, dark)
      canvas.rectangle(x + (side * 0.082 - 0.038) * size, base - 0.735 * size, 0.076 * size, 0.013 * size, hair)
      canvas.disc(x + side * 0.11 * size, base - 0.58 * size, 0.035 * size, Colour(0xD9_7A66), alpha: 0.25)
    }
    canvas.ellipse(x + 0.004 * size, base - 0.61 * size, 0.02 * size, 0.032 * size, skin.darker(0.1))
    shape([(-0.055, -0.535), (0, -0.545), (0.055, -0.535), (0, -0.51)], Colour(0xA8_4B45).darker(dim))
    shape([(-0.12, -0.335), (0, -0.2), (0.12, -0.335), (0.16, -0.3), (0, -0.13), (-0.16, -0.3)], coat.lighter(0.35))
  }
}

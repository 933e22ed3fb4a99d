import Testing

@testable import Providers

/// Pixels, painted or read from a file: three bytes each, from the top left.
private protocol Pixels {
  var width: Int { get }
  var height: Int { get }
  var pixels: [UInt8] { get }
}

extension Pixels {
  /// One pixel as `0xRRGGBB`.
  fileprivate subscript(x: Int, y: Int) -> UInt32 {
    let place = (y * width + x) * 3
    return UInt32(pixels[place]) << 16 | UInt32(pixels[place + 1]) << 8 | UInt32(pixels[place + 2])
  }

  /// Red, green and blue together.
  fileprivate func brightness(_ x: Int, _ y: Int) -> Int {
    let place = (y * width + x) * 3
    return Int(pixels[place]) + Int(pixels[place + 1]) + Int(pixels[place + 2])
  }
}

extension Canvas: Pixels {}
extension PNGDecoder: Pixels {}

@Suite("The content of images")
struct SceneTests {
  /// The colour of the caption.
  private static let ink: UInt32 = 0xF6_F4EC

  private func picture(_ prompt: String, _ width: Int = 128, _ height: Int = 128) -> Canvas {
    Scene.paint(prompt, index: 1, width: width, height: height)
  }

  /// The caption and the mark alone, on plain blue.
  private func caption(_ prompt: String, _ width: Int, _ height: Int) -> Canvas {
    var canvas = Canvas(width: width, height: height)
    canvas.fill { _ in Colour(0x60_80FF) }
    Caption.paint(prompt, on: &canvas)
    return canvas
  }

  private func theme(_ prompt: String) -> Theme {
    var chance = Chance(seed: 1)
    return Theme(prompt, chance: &chance)
  }

  // MARK: - Letters

  /// Whether the image contains this text dot for dot: every dot of a letter, and none between.
  private func finds(_ rows: [String], in picture: some Pixels, from top: Int) -> Bool {
    let ink = Self.ink
    let dots = rows.map { $0.map { $0 == "#" } }
    for dot in 1...4 {
      let (width, height) = (dots[0].count * dot, dots.count * dot)
      guard picture.width >= width, picture.height >= height else { continue }
      for y in top...picture.height - height {
        for x in 0...picture.width - width where picture[x, y] == ink || !dots[0][0] {
          let fits = dots.indices.allSatisfy { row in
            dots[row].indices.allSatisfy { column in
              (picture[x + column * dot, y + row * dot] == ink) == dots[row][column]
            }
          }
          if fits { return true }
        }
      }
    }
    return false
  }

  @Test("the prompt is written at the bottom, without boxes")
  func caption() throws {
    let letters = [
      "#...#...#...",
      "#...#.......",
      "#...#..##...",
      "#####...#...",
      "#...#...#...",
      "#...#...#...",
      "#...#..###..",
    ]
    let box = ["#####", "#...#", "#...#", "#...#", "#...#", "#...#", "#####"]
    let boxes = (0..<7).map { box[$0] + "." + box[$0] }
    func read(_ prompt: String) throws -> PNGDecoder {
      try PNGDecoder(PNG.encode(picture(prompt).pixels, width: 128, height: 128))
    }
    #expect(finds(letters, in: try read("Hi é😀"), from: 100))
    #expect(!finds(boxes, in: try read("Hi é😀狐狸"), from: 100))
    #expect(!finds(letters, in: try read("Ho é😀"), from: 100))
  }

  @Test(
    "the letters are legible at every size that has a caption", arguments: [(128, 1), (300, 1), (512, 2), (1_024, 3)])
  func legible(side: Int, dots: Int) {
    let it = caption("T", side, side)
    // The bar of a T, so many pixels long and high.
    let rows = (0..<side).map { y in (0..<side).count { it[$0, y] == Self.ink } }
    #expect(rows.max() == 5 * dots)
    #expect(rows.count { $0 == 5 * dots } == dots)
    #expect(rows.count { $0 > 0 } == 7 * dots)
  }

  @Test("a thumbnail has no caption")
  func thumbnail() {
    let it = caption("T", 127, 127)
    #expect((0..<127).allSatisfy { y in (0..<127).allSatisfy { it[$0, y] != Self.ink } })
  }

  @Test("a long prompt is cut to three lines and dots, inside the image")
  func longPrompt() {
    func lines(_ prompt: String) -> Int {
      let it = caption(prompt, 256, 256)
      let hasInk = (0..<256).map { y in (0..<256).contains { it[$0, y] == Self.ink } }
      #expect((0..<256).allSatisfy { it[0, $0] != Self.ink && it[255, $0] != Self.ink }, "nothing touches the border")
      return hasInk.indices.count { $0 > 0 && hasInk[$0] && !hasInk[$0 - 1] }
    }
    #expect(lines("word") == 1)
    #expect(lines(String(repeating: "word ", count: 12)) == 2)
    #expect(lines(String(repeating: "word ", count: 200)) == 3)
    #expect(lines(String(repeating: "W", count: 5_000)) == 3)
    let dots = caption(String(repeating: "WORD ", count: 200), 256, 256)
    let threeDots = ["##....##....##", "##....##....##"]
    #expect(finds(threeDots, in: dots, from: 200))
    #expect(!finds(threeDots, in: caption(String(repeating: "WORD ", count: 20), 256, 256), from: 200))
  }

  @Test("an empty prompt has no caption", arguments: ["", "   ", "\n\t"])
  func noPrompt(prompt: String) {
    let it = caption(prompt, 128, 128)
    #expect((64..<128).allSatisfy { y in (0..<128).allSatisfy { it[$0, y] == 0x60_80FF } })
  }

  @Test("SANDBOX stands in the upper right corner of every image", arguments: [64, 96, 128, 256])
  func mark(side: Int) {
    var rows = [[Bool]](repeating: [], count: 7)
    for letter in "SANDBOX" {
      for (row, bits) in Font.rows(of: letter).enumerated() {
        for column in 0..<Font.advance { rows[row].append(column < 5 && bits >> UInt8(4 - column) & 1 == 1) }
      }
    }
    for prompt in ["a red fox in snow", "white", "black night", ""] {
      let it = picture(prompt, side, side)
      let found = (0..<side / 4).contains { y in
        (side / 5..<side - 41).contains { x in
          // Every dot of the letters is brighter than everything between them.
          var (darkestInk, brightestPaper) = (Int.max, Int.min)
          for row in 0..<7 {
            for column in 0..<41 {
              let brightness = it.brightness(x + column, y + row)
              if rows[row][column] {
                darkestInk = min(darkestInk, brightness)
              } else {
                brightestPaper = max(brightestPaper, brightness)
              }
              if darkestInk <= brightestPaper { return false }
            }
          }
          return true
        }
      }
      #expect(found, "\(prompt) at \(side)")
    }
  }

  // MARK: - Colours

  private func average(_ prompt: String) -> (red: Double, green: Double, blue: Double) {
    let it = picture(prompt)
    var sums = [0.0, 0.0, 0.0]
    for index in it.pixels.indices { sums[index % 3] += Double(it.pixels[index]) }
    let count = Double(it.width * it.height)
    return (sums[0] / count, sums[1] / count, sums[2] / count)
  }

  @Test("a place with a colour name is mostly of that colour")
  func colourOfThePlace() {
    let (red, green, blue) = (
      average("red hills at noon"), average("green hills at noon"), average("blue hills at noon")
    )
    #expect(red.red > green.red && red.red > blue.red)
    #expect(green.green - green.red > red.green - red.red)
    #expect(blue.blue - blue.red > red.blue - red.red && blue.blue - blue.red > green.blue - green.red)
    #expect(red.red > red.blue && blue.blue > blue.red && green.green > green.red)
    let (black, white) = (average("black hills at noon"), average("white hills at noon"))
    #expect(white.green > black.green + 30)
  }

  @Test("a colour before a subject colours it, any other colours the place")
  func colourOfTheSubject() {
    let it = theme("a red fox on a green hill under a purple sky")
    #expect(it.subject == .fox)
    #expect(it.subjectColour == theme("red fox").subjectColour && it.subjectColour != nil)
    #expect(it.colours.count == 2)
    #expect(it.colours == theme("green and purple").colours)
    #expect(theme("fox").subjectColour == nil)
    #expect(theme("a fox, red").subjectColour == nil)
  }

  @Test("the subject is painted in its colour", arguments: [("red", 0), ("green", 1), ("blue", 2)])
  func subjectIsPainted(name: String, channel: Int) {
    for subject in ["fox", "cat", "house", "boat", "balloon", "bird", "flower", "castle", "tree", "apple"] {
      let it = picture("a \(name) \(subject) at noon", 80, 80)
      let strong = stride(from: 0, to: it.pixels.count, by: 3).count { place in
        let rest = (0..<3).filter { $0 != channel }.map { Int(it.pixels[place + $0]) }.max()!
        return Int(it.pixels[place + channel]) > rest + 40
      }
      let plain = picture("a grey \(subject) at noon", 80, 80)
      let without = stride(from: 0, to: plain.pixels.count, by: 3).count { place in
        let rest = (0..<3).filter { $0 != channel }.map { Int(plain.pixels[place + $0]) }.max()!
        return Int(plain.pixels[place + channel]) > rest + 40
      }
      #expect(strong > without || channel == 2 && strong > 80, "\(name) \(subject): \(strong) against \(without)")
    }
  }

  // MARK: - Words

  @Test(
    "words decide place, hour and weather",
    arguments: [
      ("a lighthouse", Theme.Place.sea), ("a ship on the ocean", .sea), ("SKYLINE of Zurich", .city),
      ("dunes", .desert), ("deep forest", .forest), ("the Alps", .mountains), ("a tulip field", .meadow),
      ("a far planet", .space), ("abstract shapes", .abstract),
    ])
  func places(prompt: String, place: Theme.Place) {
    #expect(theme(prompt).place == place)
  }

  @Test("night, dawn, sunset, snow, rain, mist, moon")
  func hoursAndWeather() {
    #expect(theme("hills at night").hour == .night)
    #expect(theme("hills at dawn").hour == .dawn)
    #expect(theme("hills at sunset").hour == .sunset)
    #expect(theme("hills at noon").hour == .day)
    #expect(theme("snowy hills").hasSnow && !theme("hills").hasSnow)
    #expect(theme("a stormy sea").hasRain && theme("a stormy sea").hasClouds && !theme("a calm sea").hasRain)
    #expect(theme("a foggy morning").hasMist && !theme("a clear morning").hasMist)
    #expect(theme("moonlight").hasMoon)
    #expect(theme("a snowboard").hasSnow == false, "words count whole")
  }

  @Test("night is darker than day, snow brighter than none")
  func brightness() {
    func brightness(_ prompt: String) -> Double {
      let it = average(prompt)
      return it.red + it.green + it.blue
    }
    #expect(brightness("hills at night") < brightness("hills at noon") / 2)
    #expect(brightness("hills at noon in snow") > brightness("hills at noon"))
  }

  /// Every place, hour and subject, with weather, at unusual sizes: nothing traps, and no image is empty.
  @Test("every combination can be painted")
  func everything() throws {
    let sizes = [(64, 64), (64, 150), (150, 64)]
    let places = ["hills", "sea", "desert", "city", "forest", "mountains", "meadow", "space", "abstract"]
    let subjects = [
      "fox", "cat", "dog", "bird", "fish", "house", "lighthouse", "boat", "tree", "flower", "balloon", "castle",
      "heart", "apple", "robot", "portrait",
    ]
    #expect(subjects.count == Theme.Subject.allCases.count && places.count == Theme.Place.allCases.count)
    for (number, place) in places.enumerated() {
      for (other, subject) in subjects.enumerated() {
        let hour = ["noon", "night", "dawn", "sunset"][(number + other) % 4]
        let weather = ["", "snow", "rain", "mist"][other % 4]
        let (width, height) = sizes[(number / 2 + other) % 3]
        let canvas = Scene.paint("\(subject) \(place) \(hour) \(weather)", index: 1, width: width, height: height)
        #expect(Set(canvas.pixels).count > 20, "\(subject) \(place) \(hour) \(weather)")
      }
    }
  }

  @Test("random numbers are the same for the same seed, and within their bounds")
  func chance() {
    var (one, other, third) = (Chance(seed: 7), Chance(seed: 7), Chance(seed: 8))
    var isDifferent = false
    for _ in 0..<1_000 {
      let value = one.next(-2, 3)
      #expect(value >= -2 && value < 3)
      #expect(other.next(-2, 3) == value)
      if third.next(-2, 3) != value { isDifferent = true }
    }
    #expect(isDifferent)
  }
}

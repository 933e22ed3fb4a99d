internal import Encoding

/// The place, hour, weather, subject and colours that the words of a prompt name.
struct Theme {
  enum Hour { case day, dawn, sunset, night }
  enum Place: CaseIterable { case hills, sea, desert, city, forest, mountains, meadow, space, abstract }
  enum Subject: CaseIterable {
    case fox, cat, dog, bird, fish, house, lighthouse, boat, tree, flower, balloon, castle, heart, apple, robot, person
  }

  var hour = Hour.day
  var place = Place.hills
  var subject: Subject?
  var subjectColour: Colour?
  var hasSnow = false
  var hasRain = false
  var hasMist = false
  var hasClouds = false
  var hasMoon = false
  /// Colours that belong to no subject: the first tints the sky, the second the ground.
  var colours: [Colour] = []

  /// Reads a prompt; missing parts are chosen at random.
  init(_ prompt: String, chance: inout Chance) {
    let words = prompt.lowercased().split { !$0.isLetter }.map(String.init)
    func has(_ candidates: String...) -> Bool {
      words.contains { word in candidates.contains { word == $0 || word == $0 + "s" || word == $0 + "es" } }
    }

    var pending: Colour?
    for word in words {
      if let colour = Self.colour(word) {
        if let pending { colours.append(pending) }
        pending = colour
      } else if let found = Self.subject(word), subject == nil {
        subject = found
        subjectColour = pending
        pending = nil
      }
    }
    if let pending { colours.append(pending) }

    let roll = chance.next()
    if has("night", "midnight", "moon", "moonlight", "star", "starry", "nacht") {
      hour = .night
    } else if has("sunset", "dusk", "evening", "twilight") {
      hour = .sunset
    } else if has("sunrise", "dawn", "morning") {
      hour = .dawn
    } else if !has("day", "noon", "sunny", "snow", "summer") {
      hour = roll < 0.6 ? .day : roll < 0.8 ? .dawn : .sunset
    }
    hasMoon = has("moon", "moonlight") || hour == .night && chance.next() < 0.6
    hasSnow = has("snow", "snowy", "winter", "blizzard", "ice", "frozen")
    hasRain = has("rain", "rainy", "storm", "stormy")
    hasMist = has("mist", "misty", "fog", "foggy", "haze")
    hasClouds = has("cloud", "cloudy", "storm", "stormy") || hour == .day && chance.next() < 0.7

    if has("space", "galaxy", "planet", "cosmos", "nebula", "astronaut", "universe") {
      place = .space
    } else if has("abstract", "geometry", "geometric", "pattern", "bauhaus", "cubist", "shapes") {
      place = .abstract
    } else if has("sea", "ocean", "lake", "river", "water", "beach", "wave", "coast", "harbour", "harbor", "island") {
      place = .sea
    } else if has("city", "skyline", "street", "town", "skyscraper", "downtown", "tokyo", "berlin", "paris", "zurich") {
      place = .city
    } else if has("desert", "dune", "sahara", "sand") {
      place = .desert
    } else if has("forest", "wood", "jungle", "pine", "tree") {
      place = .forest
    } else if has("mountain", "alp", "peak", "volcano", "cliff") {
      place = .mountains
    } else if has("meadow", "flower", "garden", "field", "spring", "rose", "tulip") {
      place = .meadow
    } else if subject == .lighthouse || subject == .boat || subject == .fish {
      place = .sea
    } else if subject == nil, colours.isEmpty, hour == .day, !hasSnow, chance.next() < 0.5 {
      place = .abstract
    } else if chance.next() < 0.3 {
      place = .mountains
    }
  }

  private static func subject(_ word: String) -> Subject? {
    switch word {
    case "fox", "foxes", "wolf": .fox
    case "cat", "cats", "kitten", "tiger", "lion": .cat
    case "dog", "dogs", "puppy", "hund": .dog
    case "bird", "birds", "sparrow", "raven", "owl", "eagle", "parrot": .bird
    case "fish", "whale", "shark", "dolphin": .fish
    case "house", "cabin", "cottage", "hut", "barn", "café", "cafe": .house
    case "lighthouse", "lighthouses", "tower": .lighthouse
    case "boat", "boats", "ship", "sailboat", "sail", "yacht": .boat
    case "tree", "oak": .tree
    case "flower", "flowers", "rose", "roses", "tulip", "tulips", "daisy", "sunflower": .flower
    case "balloon", "balloons": .balloon
    case "castle", "palace", "fortress": .castle
    case "heart", "love": .heart
    case "apple", "orange", "fruit", "peach": .apple
    case "robot", "robots", "android", "droid": .robot
    case "person", "portrait", "woman", "man", "girl", "boy", "selfie": .person
    default: nil
    }
  }

  private static func colour(_ word: String) -> Colour? {
    switch word {
    case "red", "crimson", "scarlet", "rot": Colour(0xC8_3A2B)
    case "orange": Colour(0xE9_8A2E)
    case "yellow": Colour(0xF2_CF4A)
    case "gold", "golden", "amber": Colour(0xE0_A83A)
    case "green", "emerald": Colour(0x4C_9A55)
    case "lime": Colour(0xA3_CF3E)
    case "olive": Colour(0x7F_8442)
    case "teal", "turquoise": Colour(0x2C_9C98)
    case "cyan", "aqua": Colour(0x4F_C6D9)
    case "blue", "azure", "blau": Colour(0x2E_6BC6)
    case "navy", "indigo": Colour(0x2A_3478)
    case "purple", "violet": Colour(0x7B_45B0)
    case "lavender", "lilac": Colour(0xB3_9DDB)
    case "magenta", "fuchsia": Colour(0xC2_3A97)
    case "pink", "rose": Colour(0xEE_8FB0)
    case "brown", "bronze", "copper": Colour(0x87_5433)
    case "beige", "cream": Colour(0xE7_D8B8)
    case "black": Colour(0x1C_1D22)
    case "white": Colour(0xF5_F4EF)
    case "grey", "gray", "silver": Colour(0x9C_A4AB)
    default: nil
    }
  }
}

/// Random numbers that are the same for the same seed everywhere.
struct Chance {
  private var generator: SplitMix64

  init(seed: UInt64) {
    generator = SplitMix64(seed: seed)
  }

  /// From 0 up to, but not, 1.
  mutating func next() -> Double {
    Double(generator.next() >> 11) / 9_007_199_254_740_992
  }

  /// Between two numbers.
  mutating func next(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * next()
  }
}

/// A smooth line of hills: the sum of random curves of several sizes.
struct Ridge {
  private let heights: [Double]

  init(chance: inout Chance) {
    heights = (0..<64).map { _ in chance.next() }
  }

  /// The height at a place, about 0 to 1; hills are one unit wide.
  func height(_ x: Double, octaves: Int = 3) -> Double {
    var sum = 0.0
    var strength = 0.6
    var scale = 1.0
    for _ in 0..<octaves {
      let place = x * scale + 17 * scale
      let cell = place.rounded(.down)
      let t = place - cell
      let index = Int(cell) & 63
      let (a, b) = (heights[index], heights[(index + 1) & 63])
      sum += (a + (b - a) * t * t * (3 - 2 * t)) * strength
      strength *= 0.45
      scale *= 2.1
    }
    return sum
  }
}

import Testing

@testable import Providers

@Suite("The inputs that a price formula reads")
struct PriceFormulaTests {
  @Test(arguments: [
    (#"{"total_price": base_price * 1}"#, []),
    (#"{"total_price": base_price * num_images}"#, ["num_images"]),
    (#"{"total_price": $max([5, $min([$ceil(get_duration_v3(audio)), 600])]) / 5 * base_price}"#, ["audio"]),
    (
      #"{"total_price": base_price * (resolution = "720p" ? 2 : 1) * (duration > 5 and hd ? 2 : 1)}"#,
      ["resolution", "duration", "hd"]
    ),
    (#"{"total_price": base_price * $count(images) + 'it\'s n' & "a \" b" & images}"#, ["images"]),
    (#"{"total_price": ($x := duration; $x * base_price + $.steps)}"#, ["duration", "steps"]),
    ("", []), ("base_price *", []), (#""open"#, []), ("$", []), ("é * n", ["n"]), ("1e3 * 2n * n1", ["n1"]),
  ])
  func inputs(formula: String, expected: [String]) {
    #expect(PriceFormula(formula).inputs == expected)
  }
}

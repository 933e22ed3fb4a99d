import JSON
import Testing

/// The cases of the public JSONTestSuite, rebuilt by their rules and under names like its own: `y` must be accepted, `n`
/// must be refused, and `i` is left open by RFC 8259; the decision stands behind it (`i+` accepted, `i-` refused). `\xHH` is
/// a byte; other characters are literal.
///
/// Decisions: numbers of any size are accepted, because their digits are stored. An escaped lone surrogate becomes U+FFFD.
/// Bytes that are not UTF-8 are refused, and so are UTF-16 and a byte order mark (framing skips that of a stream). Nesting is
/// accepted to a depth of 512.
private let suite = #"""
  y array_arraysWithSpaces [[]   ]
  y array_empty-string [""]
  y array_empty []
  y array_ending_with_newline ["a"]\x0a
  y array_false [false]
  y array_heterogeneous [null, 1, "1", {}]
  y array_null [null]
  y array_with_1_and_newline [1\x0a]
  y array_with_leading_space  [1]
  y array_with_several_null [1,null,null,null,2]
  y array_with_trailing_space [2]\x20
  y number [123e65]
  y number_0e+1 [0e+1]
  y number_0e1 [0e1]
  y number_after_space [ 4]
  y number_double_close_to_zero [-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]
  y number_int_with_exp [20e1]
  y number_minus_zero [-0]
  y number_negative_int [-123]
  y number_negative_one [-1]
  y number_negative_zero [-0]
  y number_real_capital_e [1E22]
  y number_real_capital_e_neg_exp [1E-2]
  y number_real_capital_e_pos_exp [1E+2]
  y number_real_exponent [123e45]
  y number_real_fraction_exponent [123.456e78]
  y number_real_neg_exp [1e-2]
  y number_real_pos_exponent [1e+2]
  y number_simple_int [123]
  y number_simple_real [123.456789]
  y object {"asd":"sdf", "dfg":"fgh"}
  y object_basic {"asd":"sdf"}
  y object_duplicated_key {"a":"b","a":"c"}
  y object_duplicated_key_and_value {"a":"b","a":"b"}
  y object_empty {}
  y object_empty_key {"":0}
  y object_escaped_null_in_key {"foo\u0000bar": 42}
  y object_extreme_numbers { "min": -1.0e+28, "max": 1.0e+28 }
  y object_long_strings {"x":[{"id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}], "id": "xxxxxxxxxxxxxxxxxxxxxxxxxxx"}
  y object_simple {"a":[]}
  y object_string_unicode {"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430" }
  y object_with_newlines {\x0a"a": "b"\x0a}
  y string_1_2_3_bytes_UTF-8_sequences ["\u0060\u012a\u12AB"]
  y string_accepted_surrogate_pair ["\uD801\udc37"]
  y string_accepted_surrogate_pairs ["\ud83d\ude39\ud83d\udc8d"]
  y string_allowed_escapes ["\"\\\/\b\f\n\r\t"]
  y string_backslash_and_u_escaped_zero ["\\u0000"]
  y string_backslash_doublequotes ["\""]
  y string_comments ["a/*b*/c/*d//e"]
  y string_double_escape_a ["\\a"]
  y string_double_escape_n ["\\n"]
  y string_escaped_control_character ["\u0012"]
  y string_escaped_noncharacter ["\uFFFF"]
  y string_in_array ["asd"]
  y string_in_array_with_leading_space [ "asd"]
  y string_last_surrogates_1_and_2 ["\uDBFF\uDFFF"]
  y string_nbsp_uescaped ["new\u00A0line"]
  y string_nonCharacterInUTF-8_U+10FFFF ["\xf4\x8f\xbf\xbf"]
  y string_nonCharacterInUTF-8_U+FFFF ["\xef\xbf\xbf"]
  y string_null_escape ["\u0000"]
  y string_one-byte-utf-8 ["\u002c"]
  y string_pi ["π"]
  y string_reservedCharacterInUTF-8_U+1BFFF ["\xf0\x9b\xbf\xbf"]
  y string_simple_ascii ["asd "]
  y string_space " "
  y string_surrogates_U+1D11E_MUSICAL_SYMBOL_G_CLEF ["\uD834\uDd1e"]
  y string_three-byte-utf-8 ["\u0821"]
  y string_two-byte-utf-8 ["\u0123"]
  y string_u+2028_line_sep ["\xe2\x80\xa8"]
  y string_u+2029_par_sep ["\xe2\x80\xa9"]
  y string_uEscape ["\u0061\u30af\u30EA\u30b9"]
  y string_uescaped_newline ["new\u000Aline"]
  y string_unescaped_char_delete ["\x7f"]
  y string_unicode ["\uA66D"]
  y string_unicodeEscapedBackslash ["\u005C"]
  y string_unicode_2 ["⍂㈴⍂"]
  y string_unicode_U+10FFFE_nonchar ["\uDBFF\uDFFE"]
  y string_unicode_U+1FFFE_nonchar ["\uD83F\uDFFE"]
  y string_unicode_U+200B_ZERO_WIDTH_SPACE ["\u200B"]
  y string_unicode_U+2064_invisible_plus ["\u2064"]
  y string_unicode_U+FDD0_nonchar ["\uFDD0"]
  y string_unicode_U+FFFE_nonchar ["\uFFFE"]
  y string_unicode_escaped_double_quote ["\u0022"]
  y string_utf8 ["€𝄞"]
  y string_with_del_character ["a\x7fa"]
  y structure_lonely_false false
  y structure_lonely_int 42
  y structure_lonely_negative_real -0.1
  y structure_lonely_null null
  y structure_lonely_string "asd"
  y structure_lonely_true true
  y structure_string_empty ""
  y structure_trailing_newline ["a"]\x0a
  y structure_true_in_array [true]
  y structure_whitespace_array  []\x20
  n array_1_true_without_comma [1 true]
  n array_a_invalid_utf8 [a\xe5]
  n array_colon_instead_of_comma ["": 1]
  n array_comma_after_close [""],
  n array_comma_and_number [,1]
  n array_double_comma [1,,2]
  n array_double_extra_comma ["x",,]
  n array_extra_close ["x"]]
  n array_extra_comma ["",]
  n array_incomplete ["x"
  n array_incomplete_invalid_value [x
  n array_inner_array_no_comma [3[4]]
  n array_invalid_utf8 [\xff]
  n array_items_separated_by_semicolon [1:2]
  n array_just_comma [,]
  n array_just_minus [-]
  n array_missing_value [   , ""]
  n array_newlines_unclosed ["a",\x0a4\x0a,1,
  n array_number_and_comma [1,]
  n array_number_and_several_commas [1,,]
  n array_spaces_vertical_tab_formfeed ["\x0ba"\x5cf]
  n array_star_inside [*]
  n array_unclosed [""
  n array_unclosed_trailing_comma [1,
  n array_unclosed_with_new_lines [1,\x0a1\x0a,1
  n array_unclosed_with_object_inside [{}
  n incomplete_false [fals]
  n incomplete_null [nul]
  n incomplete_true [tru]
  n multidigit_number_then_00 123\x00
  n number_++ [++1234]
  n number_+1 [+1]
  n number_+Inf [+Inf]
  n number_-01 [-01]
  n number_-1.0. [-1.0.]
  n number_-2. [-2.]
  n number_-NaN [-NaN]
  n number_.-1 [.-1]
  n number_.2e-3 [.2e-3]
  n number_0.1.2 [0.1.2]
  n number_0.3e+ [0.3e+]
  n number_0.3e [0.3e]
  n number_0.e1 [0.e1]
  n number_0_capital_E+ [0E+]
  n number_0_capital_E [0E]
  n number_0e+ [0e+]
  n number_0e [0e]
  n number_1.0e+ [1.0e+]
  n number_1.0e- [1.0e-]
  n number_1.0e [1.0e]
  n number_1_000 [1 000.0]
  n number_1eE2 [1eE2]
  n number_2.e+3 [2.e+3]
  n number_2.e-3 [2.e-3]
  n number_2.e3 [2.e3]
  n number_9.e+ [9.e+]
  n number_Inf [Inf]
  n number_NaN [NaN]
  n number_U+FF11_fullwidth_digit_one [１]
  n number_expression [1+2]
  n number_hex_1_digit [0x1]
  n number_hex_2_digits [0x42]
  n number_infinity [Infinity]
  n number_invalid+- [0e+-1]
  n number_invalid-negative-real [-123.123foo]
  n number_invalid-utf-8-in-bigger-int [123\xe5]
  n number_invalid-utf-8-in-exponent [1e1\xe5]
  n number_invalid-utf-8-in-int [0\xe5]
  n number_minus_infinity [-Infinity]
  n number_minus_sign_with_trailing_garbage [-foo]
  n number_minus_space_1 [- 1]
  n number_neg_int_starting_with_zero [-012]
  n number_neg_real_without_int_part [-.123]
  n number_neg_with_garbage_at_end [-1x]
  n number_real_garbage_after_e [1ea]
  n number_real_with_invalid_utf8_after_e [1e\xe5]
  n number_real_without_fractional_part [1.]
  n number_starting_with_dot [.123]
  n number_with_alpha [1.2a-3]
  n number_with_alpha_char [1.8011670033376514H-308]
  n number_with_leading_zero [012]
  n object_bad_value ["x", truth]
  n object_bracket_key {[: "x"}
  n object_comma_instead_of_colon {"x", null}
  n object_double_colon {"x"::"b"}
  n object_emoji {🇨🇭}
  n object_garbage_at_end {"a":"a" 123}
  n object_key_with_single_quotes {key: 'value'}
  n object_lone_continuation_byte_in_key_and_trailing_comma {"\xb9":"0",}
  n object_missing_colon {"a" b}
  n object_missing_key {:"b"}
  n object_missing_semicolon {"a" "b"}
  n object_missing_value {"a":
  n object_no-colon {"a"
  n object_non_string_key {1:1}
  n object_non_string_key_but_huge_number_instead {9999E9999:1}
  n object_repeated_null_null {null:null,null:null}
  n object_several_trailing_commas {"id":0,,,,,}
  n object_single_quote {'a':0}
  n object_trailing_comma {"id":0,}
  n object_trailing_comment {"a":"b"}/**/
  n object_trailing_comment_open {"a":"b"}/**//
  n object_trailing_comment_slash_open {"a":"b"}//
  n object_trailing_comment_slash_open_incomplete {"a":"b"}/
  n object_two_commas_in_a_row {"a":"b",,"c":"d"}
  n object_unquoted_key {a: "b"}
  n object_unterminated-value {"a":"a
  n object_with_single_string { "foo" : "bar", "a" }
  n object_with_trailing_garbage {"a":"b"}#
  n single_space \x20
  n string_1_surrogate_then_escape ["\uD800\"]
  n string_1_surrogate_then_escape_u ["\uD800\u"]
  n string_1_surrogate_then_escape_u1 ["\uD800\u1"]
  n string_1_surrogate_then_escape_u1x ["\uD800\u1x"]
  n string_accentuated_char_no_quotes [é]
  n string_backslash_00 ["\\x00"]
  n string_escape_x ["\x5cx00"]
  n string_escaped_backslash_bad ["\\\"]
  n string_escaped_ctrl_char_tab ["\x5c\x09"]
  n string_escaped_emoji ["\🌀"]
  n string_incomplete_escape ["\"]
  n string_incomplete_escaped_character ["\u00A"]
  n string_incomplete_surrogate ["\uD834\uDd"]
  n string_incomplete_surrogate_escape_invalid ["\uD800\uD800\x5cx"]
  n string_invalid-utf-8-in-escape ["\u\xe5"]
  n string_invalid_backslash_esc ["\a"]
  n string_invalid_unicode_escape ["\uqqqq"]
  n string_invalid_utf8_after_escape ["\\xe5"]
  n string_leading_uescaped_thinspace [\u0020"asd"]
  n string_no_quotes_with_bad_escape [\n]
  n string_single_doublequote "
  n string_single_quote ['single quote']
  n string_single_string_no_double_quotes abc
  n string_start_escape_unclosed ["\
  n string_unescaped_ctrl_char ["a\x00a"]
  n string_unescaped_newline ["new\x0aline"]
  n string_unescaped_tab ["\x09"]
  n string_unicode_CapitalU "\UA66D"
  n string_with_trailing_garbage ""x
  n structure_U+2060_word_joined [\xe2\x81\xa0]
  n structure_UTF8_BOM_no_data \xef\xbb\xbf
  n structure_angle_bracket_. <.>
  n structure_angle_bracket_null [<null>]
  n structure_array_trailing_garbage [1]x
  n structure_array_with_extra_array_close [1]]
  n structure_array_with_unclosed_string ["asd]
  n structure_ascii-unicode-identifier aå
  n structure_capitalized_True [True]
  n structure_close_unopened_array 1]
  n structure_comma_instead_of_closing_brace {"x": true,
  n structure_double_array [][]
  n structure_end_array ]
  n structure_incomplete_UTF8_BOM \xef\xbb{}
  n structure_lone-invalid-utf-8 \xe5
  n structure_lone-open-bracket [
  n structure_no_data
  n structure_null-byte-outside-string [\x00]
  n structure_number_with_trailing_garbage 2@
  n structure_object_followed_by_closing_object {}}
  n structure_object_unclosed_no_value {"":
  n structure_object_with_comment {"a":/*comment*/"b"}
  n structure_object_with_trailing_garbage {"a": true} "x"
  n structure_open_array_apostrophe ['
  n structure_open_array_comma [,
  n structure_open_array_open_object [{
  n structure_open_array_open_string ["a
  n structure_open_array_string ["a"
  n structure_open_object {
  n structure_open_object_close_array {]
  n structure_open_object_comma {,
  n structure_open_object_open_array {[
  n structure_open_object_open_string {"a
  n structure_open_object_string_with_apostrophes {'a'
  n structure_open_open ["\{["\{["\{["\{
  n structure_single_eacute \xe9
  n structure_single_star *
  n structure_trailing_# {"a":"b"}#{}
  n structure_uescaped_LF_before_string [\u000A""]
  n structure_unclosed_array [1
  n structure_unclosed_array_partial_null [ false, nul
  n structure_unclosed_array_unfinished_false [ true, fals
  n structure_unclosed_array_unfinished_true [ false, tru
  n structure_unclosed_object {"asd":"asd"
  n structure_unicode-identifier å
  n structure_whitespace_U+2060_word_joiner \xe2\x81\xa0
  n structure_whitespace_formfeed [\x0c]
  i+ number_double_huge_neg_exp [123.456e-789]
  i+ number_huge_exp [0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999999969]
  i+ number_neg_int_huge_exp [-1e+9999]
  i+ number_pos_double_huge_exp [1.5e+9999]
  i+ number_real_neg_overflow [-123123e100000]
  i+ number_real_pos_overflow [123123e100000]
  i+ number_real_underflow [123e-10000000]
  i+ number_too_big_neg_int [-123123123123123123123123123123]
  i+ number_too_big_pos_int [100000000000000000000]
  i+ number_very_big_negative_int [-237462374673276894279832749832423479823246327846]
  i+ object_key_lone_2nd_surrogate {"\uDFAA":0}
  i+ string_1st_surrogate_but_2nd_missing ["\uDADA"]
  i+ string_1st_valid_surrogate_2nd_invalid ["\uD888\u1234"]
  i+ string_incomplete_surrogate_and_escape_valid ["\uD800\n"]
  i+ string_incomplete_surrogate_pair ["\uDd1ea"]
  i+ string_incomplete_surrogates_escape_valid ["\uD800\uD800\n"]
  i+ string_invalid_lonely_surrogate ["\ud800"]
  i+ string_invalid_surrogate ["\ud800abc"]
  i+ string_inverted_surrogates_U+1D11E ["\uDd1e\uD834"]
  i+ string_lone_second_surrogate ["\uDFAA"]
  i- string_UTF-16LE_with_BOM \xff\xfe[\x00"\x00\xe9\x00"\x00]\x00
  i- string_UTF-8_invalid_sequence ["日ш\xfa"]
  i- string_UTF8_surrogate_U+D800 ["\xed\xa0\x80"]
  i- string_invalid_utf-8 ["\xff"]
  i- string_iso_latin_1 ["\xe9"]
  i- string_lone_utf8_continuation_byte ["\x81"]
  i- string_not_in_unicode_range ["\xf4\xbf\xbf\xbf"]
  i- string_overlong_sequence_2_bytes ["\xc0\xaf"]
  i- string_overlong_sequence_6_bytes ["\xfc\x83\xbf\xbf\xbf\xbf"]
  i- string_overlong_sequence_6_bytes_null ["\xfc\x80\x80\x80\x80\x80"]
  i- string_truncated-utf-8 ["\xe0\xff"]
  i- string_utf16BE_no_BOM \x00[\x00"\x00\xe9\x00"\x00]
  i- string_utf16LE_no_BOM [\x00"\x00\xe9\x00"\x00]\x00
  i- structure_UTF-8_BOM_empty_object \xef\xbb\xbf{}
  """#

private struct Case: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  let isAccepted: Bool

  /// Reads one line of the list.
  init(_ line: Substring) {
    let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    isAccepted = parts[0] == "y" || parts[0] == "i+"
    testDescription = "\(parts[0])_\(parts[1])"
    bytes = Self.bytes(of: Array((parts.count > 2 ? parts[2] : "").utf8)[...])
  }

  private static func bytes(of text: ArraySlice<UInt8>) -> [UInt8] {
    var rest = text
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x") {
        let digits = String(decoding: rest.dropFirst().prefix(2), as: UTF8.self)
        bytes.append(UInt8(digits, radix: 16)!)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return bytes
  }
}

/// Cases that are too long for the list.
private let large: [(name: String, text: String, isAccepted: Bool)] = [
  ("n_structure_100000_opening_arrays", String(repeating: "[", count: 100_000), false),
  ("n_structure_open_array_object", String(repeating: #"[{"":"#, count: 50_000), false),
  (
    "i+_structure_500_nested_arrays", String(repeating: "[", count: 500) + String(repeating: "]", count: 500), true
  ),
]

@Suite("The public suite's cases") struct SuiteTests {
  private static let cases = suite.split(separator: "\n").map(Case.init)

  @Test(arguments: cases) private func isAcceptedOrRefusedLikeInTheSuite(_ vector: Case) throws {
    let value = try? JSONValue(parsing: vector.bytes)
    #expect((value != nil) == vector.isAccepted)
    // Skipping is as strict as reading.
    var scanner = JSONScanner()
    let isPassed =
      (try? scanner.skipValue(in: vector.bytes.span)) != nil
      && (try? scanner.expectEnd(in: vector.bytes.span)) != nil
    #expect(isPassed == vector.isAccepted)
    if let value { #expect(try JSONValue(parsing: value.serialized) == value) }
  }

  @Test(arguments: large.indices) func largeCases(_ index: Int) {
    #expect(((try? JSONValue(parsing: large[index].text)) != nil) == large[index].isAccepted, "\(large[index].name)")
  }

  @Test func noCaseIsMissing() {
    let names = Set(Self.cases.map(\.testDescription))
    #expect(names.count == Self.cases.count)
    #expect(names.count { $0.hasPrefix("y") } >= 95)
    #expect(names.count { $0.hasPrefix("n") } >= 180)
    #expect(names.count { $0.hasPrefix("i") } + 1 == 35)
  }
}

import JSON

/// Whatever the bytes: the parser refuses or accepts, passing over agrees with reading, and what was accepted is written,
/// read again and the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let value = try? JSONValue(parsing: bytes)
  precondition(isPassedOver(bytes) == (value != nil), "passing over and reading disagree")
  guard let value else { return 0 }
  let written = value.serialized
  guard let again = try? JSONValue(parsing: written) else { preconditionFailure("what was written is no JSON") }
  precondition(again == value && again.serialized == written, "it came back as something else")
  visit(value)
  return 0
}

private func isPassedOver(_ bytes: [UInt8]) -> Bool {
  var scanner = JSONScanner()
  do throws(JSONError) {
    try scanner.skipValue(in: bytes.span)
    try scanner.expectEnd(in: bytes.span)
    return true
  } catch {
    precondition((0...bytes.count).contains(error.offset), "the place is outside")
    return false
  }
}

/// Asks every number for every form it has; none may trap.
private func visit(_ value: JSONValue) {
  switch value {
  case .number(let number):
    let canonical = number.canonicalSpelling
    // An exponent of a billion and more is clamped, and then it has no other spelling of its own.
    if let exponent = canonical.split(separator: "e").last.flatMap({ Int($0) }), abs(exponent) > 900_000_000 { return }
    precondition(JSONNumber(canonical)?.canonicalSpelling == canonical, "the canonical spelling has another one")
    if let integer = number.int64 {
      precondition(JSONNumber(integer).canonicalSpelling == canonical, "the integer is another number")
    }
    _ = number.double
  case .array(let elements): elements.forEach(visit)
  case .object(let object): object.members.forEach { visit($0.value) }
  case .null, .bool, .string: break
  }
}

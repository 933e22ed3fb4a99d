internal import Encoding
public import JSON

/// Identifies the content of a request: equal for two requests with the same provider, model and input. A file whose content
/// is part of its reference counts by that content, whatever its path.
public enum Fingerprint {
  /// SHA-256 over provider, model and the input in canonical form: fields sorted by name, strings unescaped, numbers by
  /// their exact value (`1`, `1.0` and `1e0` are equal). Provider and model are those after defaults were applied.
  ///
  /// - Parameter sendsFiles: whether paths in the input stand for files; the same text without that is other content.
  public static func of(provider: String, model: String, input: JSONObject, sendsFiles: Bool = false) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginArray()
    writer.value(provider)
    writer.value(model)
    let input = sendsFiles ? FileReferences.withoutKnownPaths(input) : input
    writer.value(JSONValue.object(input).canonical { JSONNumber($0.canonicalSpelling) ?? $0 })
    if sendsFiles { writer.value("upload") }
    writer.endArray()
    return SHA256.hash(writer.bytes)
  }
}

/// Identifies a key and a host without revealing the key.
public enum Account {
  /// 16 hexadecimal digits over the store's salt, the base URL and the key.
  public static func name(salt: [UInt8], baseURL: String, key: String) -> String {
    String(SHA256.hash(salt + Array(baseURL.utf8) + [0] + Array(key.utf8)).hexadecimal.prefix(16))
  }
}

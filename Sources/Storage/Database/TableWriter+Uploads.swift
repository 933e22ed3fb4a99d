internal import Predictions

/// Addresses of uploaded files.
extension TableWriter {
  /// Stores an address and deletes those whose lifetime is over.
  func keepUpload(of digest: [UInt8], for account: String, as address: String, lifetime: Int64) throws {
    let now = now
    try forgetUploads(at: now)
    try connection.run(
      """
      INSERT INTO uploads(account, sha256, address, expires_ms) VALUES(?, ?, ?, ?)
        ON CONFLICT(account, sha256) DO UPDATE SET address = excluded.address, expires_ms = excluded.expires_ms
      """, account, digest, address, now + lifetime)
  }

  func forgetUploads(at now: Int64) throws(TableError) {
    try connection.run("DELETE FROM uploads WHERE expires_ms <= ?", now)
  }
}

extension TableReader {
  /// The address of a file; `nil` where its lifetime is over.
  func upload(of digest: [UInt8], for account: String, at now: Int64) throws(StoreError) -> String? {
    do {
      return try connection.first(
        "SELECT address FROM uploads WHERE account = ? AND sha256 = ? AND expires_ms > ?", account, digest, now
      ) { $0.text(0) }
    } catch {
      throw StoreError(error, at: path)
    }
  }
}

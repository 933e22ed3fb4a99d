internal import Predictions

/// What stands for files that were uploaded, for as long as it is worth keeping.
extension TableWriter {
  /// Keeps one; those that are out of date go.
  func keepUpload(of digest: [UInt8], for account: String, as address: String, lifetime: Int64) throws {
    let now = now
    try forgetUploads(at: now)
    try connection.run(
      """
      INSERT INTO uploads(account, sha256, address, expires_ms) VALUES(?, ?, ?, ?)
        ON CONFLICT(account, sha256) DO UPDATE SET address = excluded.address, expires_ms = excluded.expires_ms
      """, account, digest, address, now + lifetime)
  }

  func forgetUploads(at now: Int64) throws(SQLiteError) {
    try connection.run("DELETE FROM uploads WHERE expires_ms <= ?", now)
  }
}

extension TableReader {
  /// What is kept of one at a moment.
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

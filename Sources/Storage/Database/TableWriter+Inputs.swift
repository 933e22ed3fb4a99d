internal import Predictions

/// Inputs that are moved into files.
extension TableWriter {
  /// Replaces an input by the mark of its file, which is durable, if the prediction is still finished and the input is still
  /// the one that was written.
  ///
  /// - Returns: whether it was replaced; otherwise the file is not needed.
  func replaceInput(_ input: [UInt8], of id: PredictionID, by stored: StoredInput) throws -> Bool {
    try connection.changed(
      by: """
        UPDATE inputs SET input = ?3, sent = NULL
         WHERE seq = ?1 AND input = ?4
           AND EXISTS (SELECT 1 FROM predictions p WHERE p.seq = ?1 AND p.low = ?2 AND p.phase IS NULL
                         AND p.status IN ('completed', 'failed', 'cancelled'))
        """, id.sequence, id.lowBits, stored.cell, input) == 1
  }
}

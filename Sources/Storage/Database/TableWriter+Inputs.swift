internal import Predictions

/// Inputs that leave the table for a file.
extension TableWriter {
  /// Puts the mark of a file in the place of an input, where the prediction is still over and the input still the one
  /// that was written. The file is durable by then.
  ///
  /// - Returns: whether the table holds the mark now; otherwise the file is of no use.
  func replaceInput(_ input: [UInt8], of id: PredictionID, by stored: StoredInput) throws -> Bool {
    try connection.run(
      """
      UPDATE inputs SET input = ?3, sent = NULL
       WHERE seq = ?1 AND input = ?4
         AND EXISTS (SELECT 1 FROM predictions p WHERE p.seq = ?1 AND p.low = ?2 AND p.phase IS NULL
                       AND p.status IN ('completed', 'failed', 'cancelled'))
      """, id.sequence, id.lowBits, stored.cell, input) == 1
  }
}

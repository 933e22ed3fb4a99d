internal import Predictions
internal import Threads

/// Moves large inputs of finished predictions into files.
extension TablePredictionStore {
  /// Moves an input that is due into a file. After a crash it stays in the database until it is read again.
  func stow(_ id: PredictionID) {
    // A server keeps them, so that every machine can read them.
    guard database is PredictionDatabase else { return }
    guard stowing.withLock({ $0.insert(id).inserted }) else { return }
    inputQueue.async { [weak self] in
      self?.move(id)
    }
  }

  private func move(_ id: PredictionID) {
    let cell = try? reader.withLock { reader throws(StoreError) in try reader.inputCell(of: id) }
    guard let input = cell, StoredInput(cell: input) == nil, let stored = try? inputFiles.write(input, of: id)
    else {
      stowing.withLock { _ = $0.remove(id) }
      return
    }
    thread.add(urgent: true, { try $0.replaceInput(input, of: id, by: stored) }) {
      [stowing, inputFiles, inputQueue] result in
      // After an error the commit may have happened, so the file stays.
      if case .success(false) = result { inputQueue.async { inputFiles.remove(id) } }
      stowing.withLock { _ = $0.remove(id) }
    }
  }

  /// Removes files of deleted predictions, which a crash between a delete and its unlink leaves; also replies that are not
  /// needed any more, and parts of replies that no process is storing. Rows that cannot be read are tried again with the
  /// next recovery.
  func removeStrayFiles() {
    inputQueue.async { [weak self] in
      guard let self else { return }
      for id in inputFiles.ids {
        do throws(StoreError) {
          let cell = try reader.withLock { reader throws(StoreError) in try reader.inputCell(of: id) }
          if cell == nil { inputFiles.remove(id) }
        } catch {
          return
        }
      }
      replies.sweep(
        { id, isWhole in
          do throws(StoreError) {
            guard let prediction = try self.listed(id) else { return true }
            return isWhole ? prediction.needsNoReply : !prediction.mayReceiveReply
          } catch {
            return false
          }
        },
        unread: { id, isWhole in
          do throws(StoreError) {
            guard let prediction = try self.listed(id) else { return true }
            return !isWhole && prediction.phase == nil
          } catch {
            return false
          }
        })
    }
  }
}

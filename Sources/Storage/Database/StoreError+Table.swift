internal import CSQLite
internal import Predictions

/// Messages for people about failures of the disk. None contains anything of a prediction.
extension StoreError {
  /// The message for a failed statement on the database at a path.
  init(_ error: TableError, at path: String) {
    if error.isOfServer {
      self = .ofServer(error, path)
      return
    }
    self =
      switch error.primary {
      case SQLITE_FULL:
        .failed(message: "The disk of \(path) is full.", hint: "Free some space, then try again.")
      case SQLITE_CORRUPT where error.isDamagedRow:
        .failed(
          message: "A row of the database \(path) is damaged: \(error.message). Nothing was changed.",
          hint: "imagewire doctor names every such row; the others can be used.")
      case SQLITE_CORRUPT, SQLITE_NOTADB:
        .failed(
          message: "The database \(path) is damaged (\(error.message)).",
          hint: "Stop every imagewire that uses it and start again: a database that cannot be read is set aside.")
      case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH:
        .failed(
          message: "The database \(path) cannot be written (\(error.message)).",
          hint: "Check that you own the folder and may write in it, or choose another with --state-dir.")
      case SQLITE_BUSY, SQLITE_LOCKED:
        .failed(
          message: "The database \(path) was locked by another process for more than 5 seconds.", hint: "Try again.")
      case SQLITE_IOERR:
        .failed(
          message: "The disk of \(path) failed (\(error.message)). It is not known whether the last change was stored.",
          hint: "Check the disk.")
      default:
        .failed(message: "The database \(path) refused a change (\(error.message)).", hint: nil)
      }
  }

  /// The message for a server that could not be asked, or refused.
  private static func ofServer(_ error: TableError, _ name: String) -> StoreError {
    let hint: String? =
      switch error.primary {
      case SQLITE_FULL: "Free some space on the disk of the server, then try again."
      case SQLITE_READONLY: "Give the address of the primary, or allow writing."
      case SQLITE_PERM:
        "Check the role and the password (PGPASSFILE), and that the role may create a schema in the database."
      case SQLITE_BUSY: "Other processes were writing. Try again."
      case SQLITE_IOERR: "Check that the server runs and can be reached, then try again."
      default: nil
      }
    return .failed(
      message: "\(name.prefix(1).uppercased())\(name.dropFirst()) cannot be used: \(error.message).", hint: hint)
  }

  /// Other processes held the writer's lock for as long as a writer waits.
  static func locked(_ path: String) -> StoreError {
    .failed(
      message: "Other processes kept the database \(path) locked for \(WriterLock.patience / 1000) seconds.",
      hint: "Try again.")
  }

  /// The message for a failed system call on a file or directory.
  init(_ error: SystemError, at path: String) {
    self =
      error.isFullDisk
      ? .failed(
        message: "The disk of \(path) is full.", hint: "Free some space, or choose another folder with --state-dir.")
      : .failed(
        message: "\(path) cannot be used: \(error.reason).",
        hint: "Check that you own the folder and may write in it, or choose another with --state-dir.")
  }

  /// Any error of this target, as callers of the store see it.
  init(_ error: any Error, at path: String) {
    switch error {
    case let error as StoreError: self = error
    case let error as TableError: self.init(error, at: path)
    case let error as SystemError: self.init(error, at: path)
    case let error as TransitionError: self = .illegal(error)
    default: self = .failed(message: "The database \(path) failed: \(error).", hint: nil)
    }
  }
}

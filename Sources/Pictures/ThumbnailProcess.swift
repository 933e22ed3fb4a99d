internal import CPictures
internal import Encoding
public import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Has thumbnails made by a child process, one process for each; see `ThumbnailChild`.
public struct ThumbnailProcess: ThumbnailMaker {
  /// Milliseconds after which a child is ended.
  private static let patience: Int64 = 10_000
  /// The longest thumbnail that is accepted, in bytes: 2,048 × 2,048 pixels of four bytes, as a PNG that does not shrink.
  private static let longest = 20 << 20

  /// Makes thumbnails with this program.
  public init() {}

  /// See `ThumbnailMaker`.
  public func make(from descriptor: Int32, as form: ThumbnailForm, meanwhile: () -> Void) throws(ThumbnailError)
    -> [UInt8]
  {
    let arguments = [ThumbnailChild.command, "--size", "\(form.size)", "--for", form.viewer.rawValue]
    let ended = try Self.run(arguments, input: descriptor, meanwhile)
    guard let outcome = PictureOutcome(rawValue: ended.status) else {
      throw .failed(reason: "the decoder ended with status \(ended.status)")
    }
    if let error = outcome.error(Self.mediaType(of: descriptor)) { throw error }
    return ended.output
  }

  /// The libraries that a child finds, and whether the kernel confines it.
  public static func probe() throws(ThumbnailError) -> (libraries: [PictureLibrary], isConfined: Bool) {
    let ended = try run([ThumbnailChild.command, "--probe"], input: nil) {}
    guard ended.status == 0 else { throw .failed(reason: "the decoder ended with status \(ended.status)") }
    let words = String(decoding: ended.output, as: UTF8.self).split(separator: " ").map(String.init)
    return (PictureLibrary.allCases.filter { words.contains($0.rawValue) }, words.contains("seccomp"))
  }

  private static func mediaType(of descriptor: Int32) -> String {
    var head = [UInt8](repeating: 0, count: 64)
    let count = head.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    return FileFormat(head: Array(head.prefix(max(0, count)))).mediaType
  }

  // MARK: - The process

  private struct Ended {
    var status: Int32
    var output: [UInt8]
  }

  /// Runs a child to its end.
  ///
  /// - Parameter input: its standard input; `nil` for `/dev/null`.
  private static func run(
    _ arguments: [String], input: Int32?, _ meanwhile: () -> Void
  ) throws(ThumbnailError) -> Ended {
    let deadline = MonotonicClock.milliseconds + patience
    var ends: [Int32] = [-1, -1]
    let null = input == nil ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1
    defer { if null >= 0 { close(null) } }
    guard cpictures_pipe(&ends) == 0 else { throw .failed(reason: reason(errno)) }
    defer { close(ends[0]) }
    var words: [UnsafeMutablePointer<CChar>?] = (["imagewire"] + arguments).map { strdup($0) } + [nil]
    let child = cpictures_spawn(&words, input ?? null, ends[1])
    let code = errno
    for word in words { free(word) }
    close(ends[1])
    guard child > 0 else { throw .failed(reason: "the program could not start itself: \(reason(code))") }
    meanwhile()
    let output = readAll(ends[0], until: deadline)
    let status = try end(of: child, by: output == nil ? 0 : deadline)
    guard let output, let status else {
      throw .failed(reason: "it took more than \(patience / 1_000) seconds, or its thumbnail is too long")
    }
    // Swift does not import the macros WIFSIGNALED and WEXITSTATUS.
    let signal = status & 0x7F
    if signal != 0 { throw .failed(reason: "the decoder was ended by signal \(signal)") }
    return Ended(status: status >> 8 & 0xFF, output: output)
  }

  /// Waits for the end of a child, which may have closed its output long before; kills it at the deadline.
  ///
  /// - Returns: its status, as of waitpid(2); `nil` where it was killed.
  static func end(of child: pid_t, by deadline: Int64) throws(ThumbnailError) -> Int32? {
    var status: Int32 = 0
    // In microseconds. Nearly every child has ended within the first.
    var pause: UInt32 = 100
    while true {
      let ended = waitpid(child, &status, WNOHANG)
      if ended == child { return status }
      if ended < 0, errno != EINTR { throw .failed(reason: reason(errno)) }
      if MonotonicClock.milliseconds >= deadline { break }
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
    kill(child, SIGKILL)
    while waitpid(child, &status, 0) < 0 { if errno != EINTR { throw .failed(reason: reason(errno)) } }
    return nil
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }

  /// Reads to the end; `nil` where that does not come in time, or there are too many bytes.
  private static func readAll(_ descriptor: Int32, until deadline: Int64) -> [UInt8]? {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var waits = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while output.count <= longest {
      let left = deadline - MonotonicClock.milliseconds
      guard left > 0 else { return nil }
      let ready = poll(&waits, 1, Int32(left))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return nil }
      let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 ? output : nil }
      output += buffer.prefix(count)
    }
    return nil
  }
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}

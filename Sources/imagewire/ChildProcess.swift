#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Runs another program to its end.
enum ChildProcess {
  /// The exit status and the standard output.
  struct Ended {
    /// The exit status; -1 where a signal ended it.
    var status: Int32
    var output: [UInt8]
  }

  private static let outputLimit = 64 << 10

  /// Whether a program of this name is in `PATH`.
  static func finds(_ program: String) -> Bool {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
  }

  /// Runs a program from `PATH`; its standard error is dropped.
  ///
  /// - Parameters:
  ///   - input: its standard input; at most a few kilobytes, which a pipe accepts at once.
  ///   - patience: milliseconds after which it is killed.
  /// - Returns: `nil` where it could not be started or was killed.
  static func run(_ program: String, _ arguments: [String], input: [UInt8], patience: Int) -> Ended? {
    guard let toChild = Pipe(), let fromChild = Pipe() else { return nil }
    guard let child = spawn(program, arguments, input: toChild.reader, output: fromChild.writer) else { return nil }
    toChild.closeReader()
    fromChild.closeWriter()
    _ = input.withUnsafeBytes { systemWrite(toChild.writer, $0.baseAddress, $0.count) }
    toChild.closeWriter()
    let output = readAll(fromChild.reader, patience: patience)
    if output == nil { kill(child, SIGKILL) }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    // Swift does not import the macros WIFEXITED and WEXITSTATUS.
    return output.map { Ended(status: status & 0x7F == 0 ? status >> 8 & 0xFF : -1, output: $0) }
  }

  /// Starts a program from `PATH` that may stay when this process ends; it gets no input, and its output is dropped.
  ///
  /// - Parameter patience: how long to wait for its end, in milliseconds.
  /// - Returns: its exit status, -1 where it could not be started or a signal ended it; `nil` where it goes on.
  static func leave(_ program: String, _ arguments: [String], patience: Int) -> Int32? {
    let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(nothing) }
    guard let child = spawn(program, arguments, input: nothing, output: nothing) else { return -1 }
    var status: Int32 = 0
    let step = 20
    for _ in 0...max(0, patience / step) {
      let ended = waitpid(child, &status, WNOHANG)
      if ended == child { return status & 0x7F == 0 ? status >> 8 & 0xFF : -1 }
      if ended < 0, errno != EINTR { return -1 }
      usleep(UInt32(step * 1_000))
    }
    return nil
  }

  private static func spawn(_ program: String, _ arguments: [String], input: Int32, output: Int32) -> pid_t? {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // This process ignores SIGPIPE, and its threads block signals; a child would inherit both.
    var none = sigset_t()
    var pipe = sigset_t()
    sigemptyset(&none)
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &pipe)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    return posix_spawnp(&child, program, &actions, &attributes, &words, environ) == 0 ? child : nil
  }

  private static func readAll(_ descriptor: Int32, patience: Int) -> [UInt8]? {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    var waits = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while output.count <= outputLimit {
      guard poll(&waits, 1, Int32(patience)) > 0 else { return nil }
      let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return count == 0 ? output : nil }
      output += buffer.prefix(count)
    }
    return nil
  }
}

/// A pipe whose ends no other child process inherits; both are closed with the object.
private final class Pipe {
  private(set) var reader: Int32
  private(set) var writer: Int32

  init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    (reader, writer) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  }

  func closeReader() {
    if reader >= 0 { close(reader) }
    reader = -1
  }

  func closeWriter() {
    if writer >= 0 { close(writer) }
    writer = -1
  }

  deinit {
    closeReader()
    closeWriter()
  }
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

// swift-tools-version: 6.2
import PackageDescription

// No Swift package: two system libraries do what they do better than anybody (SQLite keeps the table, libcurl speaks
// HTTP), and the rest is the standard library. See Sources/README.md for what each target may import, and why.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

// Without the two modules that the compiler imports unasked, tasks and regular expressions: nothing in the program uses
// them, and their five libraries cost each start of it a millisecond and 1.7 MB.
let lean =
  strict
  + [
    .unsafeFlags(
      ["concurrency", "string-processing"].flatMap { ["-Xfrontend", "-disable-implicit-\($0)-module-import"] })
  ]

// Commands run once and wait for people, HTTP and providers for the network, the storage for the disk, and methods for all of these: size
// counts more than speed.
let small = lean + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

// A release holds the C libraries that other builds open or link as the system has them: .ci/libraries gathers them in this
// folder.
let libraries = Context.environment["IMAGEWIRE_LIBRARIES"]
let whereLinked: [CSetting] =
  libraries.map { folder in
    [.define("IMAGEWIRE_LINKED"), .define("IMAGEWIRE_CERTIFICATES", to: "\"\(folder)/certificates.pem\"")]
  } ?? []

/// The libraries that a release holds, with those that they need; of other builds the function that opens them.
func opened(_ names: String...) -> [LinkerSetting] {
  guard let libraries else { return [.linkedLibrary("dl", .when(platforms: [.linux]))] }
  return [.unsafeFlags(["-L\(libraries)/lib"])] + names.map { .linkedLibrary($0) }
}

/// The variant of a release that has glibc inside too. Only its linking differs.
let linking: [LinkerSetting] =
  Context.environment["IMAGEWIRE_STATIC"] == nil ? [] : [.unsafeFlags(["-static-executable"])]

func target(
  _ name: String, uses: [Target.Dependency] = [], hasPage: Bool = false, settings: [SwiftSetting] = lean
) -> Target {
  .target(name: name, dependencies: uses, exclude: hasPage ? ["README.md"] : [], swiftSettings: settings)
}

func tests(of name: String, uses: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name)] + uses, path: "Tests/\(name)Tests",
    swiftSettings: strict)
}

let package = Package(
  name: "imagewire",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "imagewire", targets: ["imagewire"])],
  dependencies: [],
  targets: [
    target("JSON"),
    target("Encoding"),
    .systemLibrary(name: "CMalloc"),
    target("Threads", uses: ["CMalloc"]),
    target("JSONRPC", uses: ["JSON", "Threads"]),
    target("Predictions", uses: ["Encoding", "JSON", "Threads"], hasPage: true),
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    // Not a system-library target: the headers are the system's, the library itself is opened at the first remote call.
    .target(
      name: "CCurl", cSettings: whereLinked, linkerSettings: opened("curl", "nghttp2", "ssl", "crypto", "z")),
    // Knows the commit: `make` says it, and only where it counts, since every change of it compiles the program anew.
    .target(
      name: "CBuild",
      cSettings: Context.environment["IMAGEWIRE_COMMIT"].map { [.define("IMAGEWIRE_COMMIT", to: "\"\($0)\"")] } ?? []),
    .target(name: "CFiles"),
    // Like CCurl: the decoders of the system are opened by the process that needs them.
    .target(
      name: "CPictures", dependencies: ["CShims"], cSettings: whereLinked,
      linkerSettings: opened("png16", "turbojpeg", "webp", "z", "m")),
    .target(name: "CShims", cSettings: whereLinked),
    target("Pictures", uses: ["Predictions", "Encoding", "Threads", "CPictures"], settings: small),
    target("HTTP", uses: ["Encoding", "JSON", "Threads", "CCurl"], settings: small),
    // Its library is opened at the first connection, and its few declarations are our own: a build does not need it.
    .target(
      name: "CPostgreSQL", dependencies: ["CShims"], linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    target("PostgreSQL", uses: ["Threads", "CPostgreSQL"], settings: small),
    target(
      "Storage", uses: ["Predictions", "Encoding", "JSON", "Threads", "CFiles", "CSQLite", "PostgreSQL"], hasPage: true,
      settings: small),
    target(
      "Providers", uses: ["Predictions", "HTTP", "Encoding", "JSON", "Threads"], hasPage: true, settings: small),
    target("Buckets", uses: ["Predictions", "HTTP", "Encoding", "JSON", "Threads"], settings: small),
    target("Service", uses: ["JSONRPC", "Predictions", "Encoding", "JSON", "Threads"], settings: small),
    target("Commands", uses: ["Service", "Predictions", "Encoding", "JSON", "Threads"], settings: small),
    .executableTarget(
      name: "imagewire",
      dependencies: [
        "JSON", "Encoding", "Threads", "JSONRPC", "HTTP", "Predictions", "Pictures", "Storage", "Providers", "Buckets",
        "Service", "Commands", "CBuild", "CShims",
      ],
      swiftSettings: small, linkerSettings: linking),

    tests(of: "JSON"),
    tests(of: "Encoding"),
    tests(of: "Threads"),
    tests(of: "JSONRPC", uses: ["JSON", "Threads"]),
    // What the tests of predictions and of the storage share: the rules of every store, and a clock.
    .target(
      name: "PredictionsTestSupport", dependencies: ["Predictions", "JSON", "Threads"],
      path: "Tests/PredictionsTestSupport", swiftSettings: strict),
    tests(of: "Predictions", uses: ["PredictionsTestSupport", "Encoding", "JSON", "Threads"]),
    tests(of: "Pictures", uses: ["Predictions", "Encoding", "Threads"]),
    tests(
      of: "Storage",
      uses: ["Predictions", "PredictionsTestSupport", "Encoding", "JSON", "Threads", "CSQLite", "PostgreSQL"]),
    // What the tests of HTTP and of the providers share: a server of their own, and a client without proxies.
    .target(
      name: "HTTPTestSupport", dependencies: ["HTTP", "JSON", "Threads"], path: "Tests/HTTPTestSupport",
      swiftSettings: strict),
    tests(of: "HTTP", uses: ["HTTPTestSupport", "Encoding", "JSON", "Threads"]),
    tests(of: "Providers", uses: ["Predictions", "HTTP", "HTTPTestSupport", "Encoding", "JSON", "Threads"]),
    tests(of: "Buckets", uses: ["Predictions", "HTTP", "HTTPTestSupport", "Encoding", "Threads"]),
    tests(of: "Service", uses: ["JSONRPC", "Predictions", "Providers", "JSON", "Threads"]),
    tests(of: "Commands", uses: ["Service", "Predictions", "Providers", "Encoding", "JSON", "Threads"]),
  ]
)

// Fuzzers need a runtime that only `--sanitize fuzzer` brings, so ordinary builds leave them out: see `make fuzz`.
if Context.environment["IMAGEWIRE_FUZZ"] != nil {
  for (name, uses) in [
    ("JSONFuzz", ["JSON"]), ("FrameFuzz", ["JSONRPC"]), ("MessageFuzz", ["JSONRPC", "JSON"]),
  ] as [(String, [Target.Dependency])] {
    // A program without `main`: the fuzzer's runtime has it.
    package.targets.append(
      .executableTarget(
        name: name, dependencies: uses, path: "Tests/Fuzz/\(name)",
        swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
  }
}

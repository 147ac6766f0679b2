// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(
  name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["Client"]))
let grdb = Target.Dependency.product(
  name: "GRDB", package: "GRDB.swift", condition: .when(traits: ["SQLite"]))
let sqlite = Target.Dependency.product(
  name: "GRDBSQLite", package: "GRDB.swift", condition: .when(traits: ["SQLite"]))
let hummingbird = Target.Dependency.product(
  name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Hummingbird"]))
let hummingbirdCore = Target.Dependency.product(
  name: "HummingbirdCore", package: "hummingbird", condition: .when(traits: ["Hummingbird"]))
let nioHTTPTypes = Target.Dependency.product(
  name: "NIOHTTPTypes", package: "swift-nio-extras", condition: .when(traits: ["Hummingbird"]))

func library(
  _ name: String, _ dependencies: [Target.Dependency], _ more: [SwiftSetting] = []
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings + more)
}

// A request passes a dozen asynchronous functions: they run where their caller runs, instead of asking each time where that is.
let onCaller: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)",
    swiftSettings: settings)
}

let package = Package(
  name: "swift-mpp",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "MPPCore", targets: ["MPPCore"]),
    .library(name: "EVM", targets: ["EVM"]),
    .library(name: "Tempo", targets: ["Tempo"]),
    .library(name: "TempoRPC", targets: ["TempoRPC"]),
    .library(name: "MPPTempo", targets: ["MPPTempo"]),
    .library(name: "MPPClient", targets: ["MPPClient"]),
    .library(name: "MPPServer", targets: ["MPPServer"]),
    .library(name: "MPPTempoClient", targets: ["MPPTempoClient"]),
    .library(name: "MPPTempoServer", targets: ["MPPTempoServer"]),
    .library(name: "MPPStoreSQLite", targets: ["MPPStoreSQLite"]),
    .library(name: "MPPHummingbird", targets: ["MPPHummingbird"]),
    .library(name: "TempoDevnet", targets: ["TempoDevnet"]),
    .library(name: "MPPTesting", targets: ["MPPTesting"]),
    .executable(name: "mpp", targets: ["mpp"]),
    .executable(name: "mpp-bench", targets: ["mpp-bench"]),
    .executable(name: "mpp-budgets", targets: ["mpp-budgets"]),
  ],
  traits: [
    .trait(name: "Client", description: "HTTP transport through AsyncHTTPClient"),
    .trait(name: "Hummingbird", description: "middleware for Hummingbird"),
    .trait(name: "SQLite", description: "embedded ledger and journal through GRDB"),
    .default(enabledTraits: ["Client", "Hummingbird", "SQLite"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CSecp256k1", pkgConfig: "libsecp256k1",
      providers: [.apt(["libsecp256k1-dev"]), .brew(["secp256k1"])]),
    library("MPPCore", [crypto, httpTypes]),
    library("EVM", ["CSecp256k1", crypto]),
    library("Tempo", ["EVM", crypto]),
    library(
      "TempoRPC",
      ["Tempo", "EVM", "MPPCore", logging, metrics, asyncHTTPClient, nioCore, nioHTTP1, nioPosix]),
    library("MPPTempo", ["MPPCore", "Tempo", "EVM"]),
    library("MPPConformance", ["MPPTempo", "Tempo", "EVM", "MPPCore"]),
    library(
      "MPPClient", ["MPPCore", httpTypes, logging, metrics, asyncHTTPClient, nioCore, nioHTTP1, nioPosix]),
    library("MPPServer", ["MPPCore", httpTypes, crypto, logging, metrics, lifecycle], onCaller),
    library(
      "MPPTempoClient",
      ["MPPClient", "MPPTempo", "TempoRPC", "MPPCore", "Tempo", "EVM", httpTypes, logging]),
    library(
      "MPPTempoServer",
      [
        "MPPServer", "MPPTempo", "TempoRPC", "MPPCore", "Tempo", "EVM", logging, metrics,
        lifecycle, httpTypes,
      ], onCaller),
    library("MPPStoreSQLite", ["MPPServer", "MPPClient", "MPPCore", grdb, sqlite]),
    library(
      "MPPHummingbird",
      [
        "MPPTempoServer", "MPPServer", "MPPCore", httpTypes, lifecycle, logging, hummingbird, hummingbirdCore,
        nioCore, nioHTTPTypes,
      ]),
    library("TempoDevnet", ["Tempo", "EVM", "MPPCore", crypto, nioCore, nioPosix, nioHTTP1, logging]),
    library(
      "MPPTesting",
      [
        "MPPTempoClient", "MPPTempoServer", "MPPServer", "MPPClient", "MPPCore", "MPPTempo",
        "TempoRPC", "TempoDevnet", "Tempo", "EVM", httpTypes,
      ]),
    .executableTarget(
      name: "mpp",
      dependencies: [
        "MPPHummingbird", "MPPTempoClient", "MPPTempoServer", "MPPStoreSQLite", "TempoDevnet",
        "MPPCore", "MPPServer", "MPPClient", "MPPConformance", "MPPTempo", "TempoRPC", "Tempo", "EVM",
        httpTypes,
        logging, lifecycle, unixSignals, argumentParser, hummingbird, asyncHTTPClient, nioCore, nioHTTP1,
      ], swiftSettings: settings),
    library(
      "BenchSupport",
      [
        "MPPTempoServer", "TempoDevnet", "MPPServer", "MPPTempo", "TempoRPC", "Tempo", "EVM", "MPPCore",
        httpTypes, logging,
      ]),
    .executableTarget(
      name: "mpp-budgets", dependencies: ["BenchSupport", "MPPServer", "MPPCore"], swiftSettings: settings),
    .executableTarget(
      name: "mpp-bench",
      dependencies: [
        "BenchSupport",
        "MPPHummingbird", "MPPTempoClient", "MPPTempoServer", "MPPStoreSQLite", "TempoDevnet",
        "MPPCore", "MPPServer", "MPPClient", "MPPTempo", "TempoRPC", "Tempo", "EVM", "CSecp256k1",
        httpTypes, logging, lifecycle, argumentParser, hummingbird, asyncHTTPClient, nioCore,
        nioPosix,
      ], swiftSettings: settings),
    .executableTarget(
      name: "PaidAPI",
      dependencies: ["MPPHummingbird", "MPPStoreSQLite", hummingbird], path: "Examples/PaidAPI",
      swiftSettings: settings),
    .executableTarget(
      name: "PayingClient",
      dependencies: ["MPPTempoClient", "MPPStoreSQLite"], path: "Examples/PayingClient",
      swiftSettings: settings),
    // The snippets of docs/guides; scripts/check-snippets compares them.
    .target(
      name: "Guides",
      dependencies: ["MPPHummingbird", "MPPTempoClient", "MPPStoreSQLite", hummingbird],
      path: "Examples/Guides", swiftSettings: settings),
    // Also built with sanitizers by the package in Fuzz/.
    .target(
      name: "FuzzTargets", dependencies: ["MPPTempo", "TempoRPC", "Tempo", "EVM", "MPPCore"],
      path: "Fuzz/Sources/FuzzTargets", swiftSettings: settings),
    .target(
      name: "TestSupport", dependencies: ["MPPCore"], path: "Tests/TestSupport",
      swiftSettings: settings),
    tests("FuzzTests", ["FuzzTargets", "MPPTempo", "TempoRPC", "Tempo", "EVM", "MPPCore"]),
    tests("MPPCoreTests", ["MPPCore", httpTypes, crypto]),
    tests("EVMTests", ["EVM", "MPPCore", crypto]),
    tests("TempoTests", ["Tempo", "EVM", "MPPCore"]),
    tests("TempoRPCTests", ["TempoRPC", "Tempo", "EVM", "MPPCore"]),
    tests("TempoDevnetTests", ["TempoDevnet", "TempoRPC", "Tempo", "EVM", "MPPCore", crypto]),
    tests("MPPConformanceTests", ["MPPConformance", "MPPTempo", "Tempo", "EVM", "MPPCore"]),
    tests("MPPTempoTests", ["MPPTempo", "Tempo", "EVM", "MPPCore"]),
    .target(
      name: "PeerSupport",
      dependencies: [
        "MPPTempoClient", "MPPClient", "MPPTesting", "MPPTempo", "TempoRPC", "TempoDevnet", "Tempo",
        "EVM", "MPPCore", httpTypes, logging,
      ], path: "Tests/PeerSupport", swiftSettings: settings),
    .target(
      name: "ServerTestSupport", dependencies: ["MPPServer", "MPPCore", httpTypes, logging],
      path: "Tests/ServerTestSupport", swiftSettings: settings),
    tests(
      "MPPServerTests", ["MPPServer", "ServerTestSupport", "MPPTesting", "MPPCore", httpTypes, lifecycle]),
    tests(
      "MPPHummingbirdTests",
      [
        "MPPHummingbird", "MPPServer", "ServerTestSupport", "MPPCore", httpTypes, hummingbird, nioCore,
        nioPosix, lifecycle, logging,
      ]),
    tests("MPPClientTests", ["MPPClient", "MPPTesting", "MPPCore", httpTypes]),
    tests(
      "MPPStoreSQLiteTests",
      [
        "MPPStoreSQLite", "MPPServer", "MPPClient", "MPPTesting", "MPPCore", "MPPTempo", "Tempo", "EVM",
        grdb,
      ]),
    tests(
      "MPPTempoServerTests",
      [
        "PeerSupport",
        "MPPTempoServer", "MPPServer", "MPPTesting", "MPPTempo", "TempoRPC", "TempoDevnet",
        "Tempo", "EVM", "MPPCore", httpTypes,
      ]),
    tests(
      "MPPTempoClientTests",
      [
        "PeerSupport",
        "MPPTempoClient", "MPPClient", "MPPTesting", "MPPTempo", "TempoRPC", "TempoDevnet",
        "Tempo", "EVM", "MPPCore", httpTypes, logging,
      ]),
    .target(
      name: "MarketplaceSupport",
      dependencies: [
        "MPPHummingbird", "MPPTempoClient", "MPPTempoServer", "MPPStoreSQLite", "MPPTesting", "TempoDevnet",
        "MPPServer", "MPPClient", "MPPTempo", "TempoRPC", "Tempo", "EVM", "MPPCore", httpTypes,
        hummingbird, lifecycle, logging, nioCore, nioPosix,
      ], path: "Tests/MarketplaceSupport", swiftSettings: settings),
    tests(
      "FindingsTests",
      [
        "PeerSupport",
        "MarketplaceSupport",
        "MPPHummingbird", "MPPTempoClient", "MPPTempoServer", "MPPStoreSQLite", "MPPTesting",
        "TempoDevnet", "MPPServer", "MPPClient", "MPPTempo", "TempoRPC", "Tempo", "EVM", "MPPCore",
        httpTypes, hummingbird, logging, nioCore,
      ]),
    tests(
      "EndToEndTests",
      [
        "PeerSupport",
        "MarketplaceSupport",
        "MPPHummingbird", "MPPTempoClient", "MPPTempoServer", "MPPStoreSQLite", "MPPTesting",
        "TempoDevnet", "MPPConformance", "MPPServer", "MPPClient", "MPPTempo", "TempoRPC", "Tempo", "EVM",
        "MPPCore",
        httpTypes, hummingbird, logging, nioCore, nioPosix,
      ]),
  ],
  swiftLanguageModes: [.v6]
)

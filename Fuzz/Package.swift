// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the product's manifest stays free of sanitizer flags. `Fuzz/run` builds the static
// library with `-sanitize=fuzzer,address -enable-testing` and links it with libFuzzer.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func mpp(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-mpp") }

let package = Package(
  name: "mpp-fuzz",
  platforms: [.macOS(.v26)],
  products: [.library(name: "MPPFuzz", type: .static, targets: ["FuzzTargets", "FuzzEntry"])],
  dependencies: [.package(name: "swift-mpp", path: "..", traits: [])],
  targets: [
    .target(
      name: "FuzzTargets",
      dependencies: [mpp("MPPCore"), mpp("EVM"), mpp("Tempo"), mpp("TempoRPC"), mpp("MPPTempo")],
      swiftSettings: settings),
    .target(name: "FuzzEntry", dependencies: ["FuzzTargets"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)

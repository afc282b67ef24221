// swift-tools-version: 6.1
import PackageDescription

// The program that the benchmarks `json` and `client` measure: msh's own parser and client without the
// rest, so that what is measured is theirs alone. A package of its own, as msh has no use for it.
let package = Package(
  name: "Benchmarks",
  dependencies: [.package(url: "https://github.com/apple/swift-crypto", from: "4.5.2")],
  targets: [
    .systemLibrary(name: "CYAML"),
    .target(name: "JSON", dependencies: ["CYAML", "Processes"]),
    .target(name: "CCurl"),
    .target(name: "CHTTP"),
    .target(name: "Processes"),
    .target(
      name: "KubernetesClient",
      dependencies: [
        "JSON", "CCurl", "CHTTP", "Processes", .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .executableTarget(name: "measure", dependencies: ["JSON", "KubernetesClient"]),
  ],
  swiftLanguageModes: [.v6]
)

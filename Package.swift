// swift-tools-version: 6.1
import PackageDescription

// Embedders depend on the product `MeshScript`: it builds neither readline nor the sandbox's server.
let package = Package(
  name: "MeshScript",
  products: [
    .library(name: "MeshScript", targets: ["MeshScript"]),
    .executable(name: "msh", targets: ["msh"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
  ],
  targets: [
    .target(name: "Lexer"),
    .systemLibrary(name: "CYAML", providers: [.apt(["libyaml-dev"])]),
    .target(name: "JSON", dependencies: ["CYAML", "Processes"]),
    .target(name: "Interpreter", dependencies: ["Lexer", "JSON"]),
    .target(name: "CCurl"),
    .target(name: "CHTTP"),
    .target(name: "CRegex"),
    .target(name: "Processes"),
    .systemLibrary(name: "CReadline", providers: [.apt(["libreadline-dev"])]),
    .target(
      name: "KubernetesClient",
      dependencies: [
        "JSON", "CCurl", "CHTTP", "Processes", .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .target(
      name: "Builtins",
      dependencies: [
        "Interpreter", "KubernetesClient", "CRegex", "Processes",
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .target(
      name: "SimulatedCluster",
      dependencies: [
        "JSON",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
      ]),
    .target(name: "MeshScript", dependencies: ["Builtins"]),
    .executableTarget(
      name: "msh",
      dependencies: [
        "MeshScript", "Processes", "SimulatedCluster", "CReadline",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "Embed", dependencies: ["MeshScript"], path: "Examples/Embed"),
    .testTarget(name: "LexerTests", dependencies: ["Lexer"]),
    .testTarget(name: "JSONTests", dependencies: ["JSON"]),
    .testTarget(name: "InterpreterTests", dependencies: ["Interpreter"]),
    .testTarget(name: "KubernetesClientTests", dependencies: ["KubernetesClient", "Processes"]),
    .testTarget(
      name: "FaultTests",
      dependencies: [
        "KubernetesClient", "SimulatedCluster", "TestClusters", "JSON", "CCurl", "Processes",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),
    .testTarget(
      name: "AuthenticationTests",
      dependencies: [
        "KubernetesClient", "Processes", "JSON",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
      ]),
    .target(
      name: "TestClusters", dependencies: ["KubernetesClient", "SimulatedCluster", "JSON"],
      path: "Tests/TestClusters"),
    .testTarget(
      name: "KubernetesAPITests", dependencies: ["KubernetesClient", "TestClusters", "JSON"]),
    .testTarget(
      name: "BuiltinsTests",
      dependencies: ["Builtins", "SimulatedCluster", "TestClusters", "Processes"]),
    .testTarget(name: "LanguageTests", dependencies: ["Builtins", "JSON"]),
    .testTarget(
      name: "SimulatedClusterTests",
      dependencies: [
        "SimulatedCluster", "JSON",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),
    .testTarget(name: "MeshScriptTests", dependencies: ["MeshScript", "Embed"]),
    .testTarget(name: "mshTests", dependencies: ["msh"]),
  ],
  swiftLanguageModes: [.v6]
)

// swift-tools-version: 6.1
import PackageDescription

// The fuzzers have no `main` of their own and link only with the fuzzing sanitizer, the tests without it.
let isStress = Context.environment["MSH_STRESS"] != nil
let last: [Target] =
  isStress
  ? [.testTarget(name: "LanguageTests", dependencies: ["Builtins", "JSON"])]
  : [.executableTarget(name: "fuzz", dependencies: ["Builtins"])]

// The language with its library, built under sanitizers: a package of its own, so that what msh needs
// besides (command line, simulated clusters) is not built a second time. `run` builds it.
let package = Package(
  name: "Fuzz",
  dependencies: [.package(url: "https://github.com/apple/swift-crypto", from: "4.5.2")],
  targets: [
    .target(name: "Lexer"),
    .systemLibrary(name: "CYAML"),
    .target(name: "JSON", dependencies: ["CYAML", "Processes"]),
    .target(name: "Interpreter", dependencies: ["Lexer", "JSON"]),
    .target(name: "CCurl"),
    .target(name: "CHTTP"),
    .target(name: "CRegex"),
    .target(name: "Processes"),
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
  ] + last,
  swiftLanguageModes: [.v6]
)

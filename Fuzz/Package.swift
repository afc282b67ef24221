// swift-tools-version: 6.1
import PackageDescription

// The language with its library, built under sanitizers: a package of its own, so that what msh needs
// besides (command line, simulated clusters) is not built a second time. `run` builds it.
let package = Package(
  name: "Fuzz",
  targets: [
    .target(name: "Crypto"),
    .target(name: "Lexer"),
    .systemLibrary(name: "CYAML"),
    .target(name: "JSON", dependencies: ["CYAML"]),
    .target(name: "Interpreter", dependencies: ["Lexer", "JSON"]),
    .target(name: "CCurl"),
    .target(name: "CRegex"),
    .target(name: "Processes"),
    .target(name: "KubernetesClient", dependencies: ["JSON", "CCurl", "Processes"]),
    .target(
      name: "Builtins",
      dependencies: ["Interpreter", "KubernetesClient", "CRegex", "Processes", "Crypto"]),
    .executableTarget(name: "fuzz", dependencies: ["Builtins"]),
    .testTarget(name: "LanguageTests", dependencies: ["Builtins", "JSON"]),
  ],
  swiftLanguageModes: [.v6]
)

// What the benchmarks run: `measure json …` reads JSON, `measure client …` asks API servers.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@main
enum Measure {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      switch arguments.first {
      case "json": try JSONMeasure.run(Array(arguments.dropFirst()))
      case "client": try await ClientMeasure.run(Array(arguments.dropFirst()))
      default: throw Failure("measure json FILE whole|pieces, or measure client …")
      }
    } catch {
      _ = "measure: \(error)\n".withCString { write(STDERR_FILENO, $0, strlen($0)) }
      exit(1)
    }
  }
}

/// A benchmark that cannot run.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

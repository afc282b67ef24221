// The entry points that libFuzzer calls; its driver has the program's `main`.
//
// The environment variable FUZZ names what is fuzzed. With FUZZ=show the program that the grammar makes
// of each file is printed instead.

import Glibc

nonisolated(unsafe) private var target = Target.parser

@_silgen_name("__lsan_disable") private func leaksAreAllowed()
@_silgen_name("__lsan_enable") private func leaksAreFound()

/// Called once, before everything else.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafePointer<Int32>, _ arguments: UnsafeRawPointer) -> Int32 {
  let name = getenv("FUZZ").map { String(cString: $0) } ?? ""
  if name == "show" {
    for file in CommandLine.arguments.dropFirst() {
      print(ProgramGenerator.program(Files.bytes(of: file)))
    }
    exit(0)
  }
  guard let chosen = Target(rawValue: name) else {
    let names = Target.allCases.map(\.rawValue).joined(separator: ", ")
    print("FUZZ must be one of \(names) or show, not \"\(name)\"")
    exit(2)
  }
  target = chosen
  // The library lives as long as the process. Some of its closures are only reached through pointers
  // with tag bits, which the leak sanitizer does not know.
  leaksAreAllowed()
  _ = Runner.library
  leaksAreFound()
  return 0
}

/// Called for every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  target.test(Array(UnsafeBufferPointer(start: data, count: size)))
  return 0
}

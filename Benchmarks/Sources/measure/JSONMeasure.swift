// Reads a JSON file as one text or in pieces and prints what that took.

import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `measure json FILE whole|pieces ROUNDS` prints the least processor time of one reading in
/// seconds and the most memory over that before the first, text and values together, in bytes.
enum JSONMeasure {
  /// What libcurl hands over at a time.
  private static let pieceSize = 16 * 1024

  static func run(_ arguments: [String]) throws {
    guard arguments.count == 3, let rounds = Int(arguments[2]), rounds > 0 else {
      throw Failure("measure json FILE whole|pieces ROUNDS")
    }
    let file = arguments[0]
    let before = try memory("VmRSS:")
    var least = Double.infinity
    for _ in 0..<rounds {
      let taken = arguments[1] == "whole" ? try whole(file) : try pieces(file)
      least = min(least, taken)
    }
    print(least, try memory("VmHWM:") - before)
  }

  private static func whole(_ file: String) throws -> Double {
    var text: [UInt8] = []
    try read(file, at: 1 << 20) { text += $0 }
    let start = processorTime()
    let value = try JSONValue.parse(text)
    let taken = processorTime() - start
    guard value["items"]?.array?.isEmpty == false else { throw Failure("\(file) is no list") }
    return taken
  }

  private static func pieces(_ file: String) throws -> Double {
    var reader = JSONListReader()
    var taken = 0.0
    try read(file, at: pieceSize) { piece in
      let start = processorTime()
      try reader.append(piece)
      taken += processorTime() - start
    }
    guard try !reader.finish().items.isEmpty else { throw Failure("\(file) is no list") }
    return taken
  }

  static func read(
    _ file: String, at size: Int, _ take: (ArraySlice<UInt8>) throws -> Void
  ) throws {
    guard let stream = fopen(file, "r") else { throw Failure("\(file) cannot be read") }
    defer { fclose(stream) }
    var buffer = [UInt8](repeating: 0, count: size)
    while true {
      let count = fread(&buffer, 1, size, stream)
      guard count > 0 else { return }
      try take(buffer[..<count])
    }
  }

  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// A line of /proc/self/status, in bytes.
  private static func memory(_ name: String) throws -> Int {
    var status: [UInt8] = []
    try read("/proc/self/status", at: 4096) { status += $0 }
    for line in String(decoding: status, as: UTF8.self).split(separator: "\n")
    where line.hasPrefix(name) {
      return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) * 1024
    }
    throw Failure("this system tells no memory")
  }
}

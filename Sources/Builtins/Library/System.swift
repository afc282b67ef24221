// The surroundings of a script: environment, time, files, and giving up.

import Interpreter

#if canImport(Glibc)
  import Glibc
#endif

extension StandardLibrary {
  static func addSystem(to library: inout Library, _ options: StandardOptions) {
    addSurroundings(to: &library, options)
    addFiles(to: &library)
    library.add(
      immediate(
        "assert", [.init("condition", "bool"), .init("message", "string", default: "none")],
        "an error unless the condition holds", "assert xs.count() > 0, \"no clusters\""
      ) { call in
        guard call[0].tag == .bool else { throw call.wrong(0, "bool") }
        if call[0].asBool { return .null }
        let message =
          call.has(1) ? try call.string(1).text(call.heap) : "the assertion does not hold"
        throw ScriptError(kind: "assert", .assertionFailed, message)
      })
    library.add(
      immediate(
        "fail", [.init("message", "string")], "ends the script with an error", "fail \"no\""
      ) {
        throw ScriptError(kind: "fail", .failed, try $0.string(0).text($0.heap))
      })
  }

  private static func addSurroundings(to library: inout Library, _ options: StandardOptions) {
    library.add(constant: "args", .list(options.arguments.map { .string($0) }))
    library.add(
      immediate(
        "env", [.init("name", "string"), .init("default", default: "null")],
        "an environment variable, or the default", "env(\"HOME\")", capability: "env"
      ) { call in
        guard let value = options.environment[try call.string(0).text] else { return call[1] }
        return Value(call.heap.makeString(value))
      })
    library.add(
      immediate("now", [], "nanoseconds since 1970 as a duration", "now()", capability: "clock") {
        _ in
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Value(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
      })
    library.add(
      HostFunction(
        Signature(
          "sleep", [.init("time", "duration")], doc: "waits; other fibers go on meanwhile",
          example: "sleep 2s"),
        .sleeping { call in
          guard call[0].tag == .duration else {
            var error = call.wrong(0, "duration")
            error.notes.append("a time has a unit: sleep 2s")
            throw error
          }
          guard call[0].asInt >= 0 else {
            throw ScriptError.value("sleep takes a time of at least 0s")
          }
          return call[0].asInt
        }))
  }

  private static func addFiles(to library: inout Library) {
    library.add(
      immediate(
        "readFile", [.init("path", "string")], "a file's text", "readFile(\"ca.pem\")",
        capability: "files"
      ) { call in
        let path = try call.string(0).text
        try read(path, call.heap)
        guard let text = try call.heap.text.finishValidated() else {
          throw ScriptError(kind: "file", .fileTrouble, "\(path) is not UTF-8 text")
        }
        return Value(text)
      })
    library.add(
      immediate(
        "writeFile", [.init("path", "string"), .init("text", "string")], "writes a file's text",
        "writeFile \"out.txt\", text", capability: "files"
      ) { call in
        try write(try call.string(0).text, try call.string(1).utf8, call.heap)
        return .null
      })
    library.add(
      immediate(
        "glob", [.init("pattern", "string")], "the paths that match, sorted", "glob(\"*.yaml\")",
        capability: "files"
      ) { call in
        var found = Glibc.glob_t()
        defer { globfree(&found) }
        guard Glibc.glob(try call.string(0).text, 0, nil, &found) == 0 else {
          return list([], call.heap)
        }
        let paths = (0..<Int(found.gl_pathc)).compactMap {
          found.gl_pathv[$0].map { String(cString: $0) }
        }
        return list(paths, call.heap)
      })
  }

  private static func fileError(_ path: String) -> ScriptError {
    ScriptError(kind: "file", .fileTrouble, "\(path): \(String(cString: strerror(errno)))")
  }

  /// Bytes that are read or written at once.
  private static let pieceSize = 64 << 10

  /// Reads a file into the heap's text buffer.
  private static func read(_ path: String, _ heap: Heap) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fileError(path) }
    defer { close(descriptor) }
    heap.text.begin()
    var buffer = [UInt8](repeating: 0, count: pieceSize)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw fileError(path) }
      if count == 0 { return }
      try buffer.withUnsafeBufferPointer { bytes in
        try heap.text.append(UnsafeBufferPointer(rebasing: bytes[..<count]))
      }
    }
  }

  private static func write(
    _ path: String, _ bytes: UnsafeBufferPointer<UInt8>, _ heap: Heap
  ) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw fileError(path) }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeBufferPointer(rebasing: rest.prefix(pieceSize))
      let count = Glibc.write(descriptor, piece.baseAddress, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw fileError(path) }
      rest = rest.dropFirst(count)
      try heap.charge(bytes: count)
    }
  }
}

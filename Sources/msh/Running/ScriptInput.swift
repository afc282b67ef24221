// Where a script comes from: a file, the command line, standard input, or a person who types.

import MeshScript

/// What shall be run.
enum ScriptInput: Equatable {
  case file(String)
  case code(String)
  case standardInput
  /// Nothing was named, and standard input is a terminal.
  case conversation

  /// Decides by what the command line names.
  init(file: String?, code: String?) {
    switch (file, code) {
    case (_, let code?): self = .code(code)
    case ("-", nil): self = .standardInput
    case (let file?, nil): self = .file(file)
    case (nil, nil): self = Terminal.isInputTerminal ? .conversation : .standardInput
    }
  }

  /// Reads the text.
  ///
  /// - Throws: a `Diagnostic` without a place that names the file and the system's reason.
  func read() throws(Diagnostic) -> Source {
    switch self {
    case .code(let code): return Source(name: "<command>", text: code)
    case .conversation: return Source(name: "<repl>", text: "")
    case .standardInput:
      return try source("<stdin>", Files.read(descriptor: 0), "standard input")
    case .file(let path): return try source(path, Files.read(path), "\"\(path)\"")
    }
  }

  private func source(
    _ name: String, _ result: Result<[UInt8], Files.Failure>, _ words: String
  ) throws(Diagnostic) -> Source {
    switch result {
    case .success(let bytes): return Source(name: name, bytes: bytes)
    case .failure(let failure):
      throw Diagnostic(.unreadableScript, "cannot read \(words): \(failure.reason)")
    }
  }
}

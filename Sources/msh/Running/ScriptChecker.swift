// Checks scripts and prints what is wrong with them.

import MeshScript

/// Carries out `msh check`.
struct ScriptChecker {
  /// What errors look like.
  var format: OutputFormat
  /// Whether to print what the machine would run.
  var printsBytecode = false

  /// Checks every file, also after one that is wrong; gives the exit code.
  func check(_ files: [String]) -> Int32 {
    let engine = Engine(.checking)
    let reporter = Reporter(diagnostics: format)
    var status = ExitStatus.success
    for file in files {
      do {
        let source = try ScriptInput(file: file, code: nil).read()
        reporter.show(try engine.check(source).warnings)
        if printsBytecode { Output.standard.write(try engine.disassemble(source)) }
      } catch {
        reporter.show(Diagnostics(thrown: error).all)
        status = ExitStatus.failure
      }
    }
    return status
  }
}

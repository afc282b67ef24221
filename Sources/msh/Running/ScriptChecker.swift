// Looks at scripts without running them: what is wrong with them, and their bytecode.

import MeshScript

/// Carries out `msh check` and `msh --disassemble`.
struct ScriptChecker {
  /// What errors look like.
  var style: DiagnosticStyle

  /// Checks every file, also after one that is wrong; gives the exit code.
  func check(_ files: [String]) -> Int32 {
    var status = ExitStatus.success
    for file in files {
      let ended = look(at: ScriptInput(file: file, code: nil)) { engine, source in
        Reporter(diagnostics: style).show(try engine.check(source).warnings)
      }
      if ended != ExitStatus.success { status = ended }
    }
    return status
  }

  /// Prints what the machine would run, under the lines it comes from; gives the exit code.
  func disassemble(_ input: ScriptInput) -> Int32 {
    look(at: input) { engine, source in
      Output.standard.writeLine(try engine.disassemble(source))
    }
  }

  private func look(
    at input: ScriptInput, _ action: (Engine, Source) throws -> Void
  ) -> Int32 {
    do {
      try action(Engine(.checking), try input.read())
      return ExitStatus.success
    } catch {
      Reporter(diagnostics: style).show(Diagnostics(thrown: error).all)
      return ExitStatus.failure
    }
  }
}

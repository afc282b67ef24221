// Prints help about the language's verbs and functions.

import MeshScript

/// Carries out `msh help`.
enum HelpPrinter {
  /// Prints help on a verb, a function, a type or an error's code, or the list of verbs; gives the exit code.
  static func print(_ topic: String?) -> Int32 {
    let library = Engine().library
    guard let topic else {
      Output.standard.write(HelpText.index(of: library))
      return ExitStatus.success
    }
    let code = topic.uppercased()
    if ErrorManual.meaning(of: code) != nil {
      let (entry, _) = Waiting.run { await ErrorManual.entry(of: code) }
      Output.standard.write(entry ?? "")
      return ExitStatus.success
    }
    guard let text = HelpText.topic(topic, in: library) else {
      Output.errors.writeLine("msh: \(unknown(topic, in: library))")
      return ExitStatus.failure
    }
    Output.standard.write(text)
    return ExitStatus.success
  }

  /// What to say about a name that nothing has.
  static func unknown(_ topic: String, in library: Library) -> String {
    let hint = didYouMean(topic, among: library.names).map { "; did you mean \"\($0)\"?" }
    return "there is no verb or function \"\(topic)\"\(hint ?? "; \"msh help\" lists them")"
  }
}

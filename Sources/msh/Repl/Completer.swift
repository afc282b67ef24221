// What Tab offers: names, members, named arguments and contexts that begin with what is typed.

import MeshScript

/// Completes the line of the REPL from the library's rows and the names declared so far.
final class Completer {
  /// Functions, methods and constants.
  private let library: Library
  /// Names that the session's own inputs have declared.
  private var declared: Set<String> = []
  /// Contexts of the kubeconfig, read when first asked for.
  private lazy var contexts = readContexts()
  private let readContexts: () -> [String]

  /// Makes a completer; `contexts` is called once, when the first name of a context is wanted.
  init(library: Library, contexts: @escaping () -> [String]) {
    self.library = library
    readContexts = contexts
  }

  /// Takes up the names that an input has declared.
  func learn(_ source: Source) {
    let text = String(decoding: source.bytes, as: UTF8.self)
    let words = text.split { $0 != "_" && !$0.isLetter && !$0.isNumber }
    for (keyword, name) in zip(words, words.dropFirst())
    where Self.declarators.contains(keyword) { declared.insert(String(name)) }
  }

  /// Words before a name that is being declared.
  private static let declarators: Set<Substring> = ["let", "var", "fn", "as"]

  /// Words of the language that begin a statement or an expression.
  static let keywords = [
    "break", "catch", "continue", "defer", "else", "false", "finally", "for", "if", "import", "in",
    "let", "match", "not", "null", "parallel", "param", "return", "throw", "true", "try", "var",
    "while",
  ]

  /// Arguments whose value names a context, and functions that take one.
  private static let contextTakers: Set = ["cluster", "context", "contexts"]

  /// What can stand at the end of the text.
  func complete(_ text: String) -> Completion {
    if text.hasPrefix(":") { return completeCommand(text) }
    let context = CompletionContext(text)
    if context.isInString { return completeString(context) }
    if context.isMember { return words(members(of: context.receiver), in: context) }
    return words(names(in: context), in: context)
  }

  private func words(_ names: [String], in context: CompletionContext) -> Completion {
    Completion(candidates: Set(names).filter { $0.hasPrefix(context.word) }.sorted())
  }

  private func names(in context: CompletionContext) -> [String] {
    let arguments = context.argument == nil ? argumentNames(of: context.function) : []
    return arguments + library.names + Array(declared) + Self.keywords
  }

  /// `name: ` for every parameter that can be given by name.
  private func argumentNames(of function: String?) -> [String] {
    guard let function, let parameters = library.functions[function]?.signature.parameters else {
      return []
    }
    return parameters.filter { !$0.isRest }.map { "\($0.name): " }
  }

  /// Members of a namespace, or the methods of every type when the receiver is a value.
  private func members(of receiver: String) -> [String] {
    let prefix = receiver + "."
    let inNamespace = library.functions.keys.filter { $0.hasPrefix(prefix) }
    if !receiver.isEmpty, !inNamespace.isEmpty {
      return inNamespace.map { String($0.dropFirst(prefix.count)) }
    }
    return library.methods.values.flatMap(\.keys) + library.scriptMethods.values.flatMap(\.keys)
  }

  private func completeString(_ context: CompletionContext) -> Completion {
    guard let taker = context.argument ?? context.function, Self.contextTakers.contains(taker)
    else {
      return Completion(wantsFiles: true)
    }
    return words(contexts, in: context)
  }

  private func completeCommand(_ text: String) -> Completion {
    guard let space = text.firstIndex(of: " ") else {
      return Completion(candidates: MetaCommand.names.filter { $0.hasPrefix(text.dropFirst()) })
    }
    let rest = text[text.index(after: space)...]
    switch text[..<space] {
    case ":help": return Completion(candidates: library.names.filter { $0.hasPrefix(rest) })
    case ":load": return Completion(wantsFiles: true)
    default: return complete(String(rest))
    }
  }
}

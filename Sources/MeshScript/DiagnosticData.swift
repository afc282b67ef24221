// Errors and warnings as data: what `--diagnostics json` writes, one object a line.
//
//     {"severity": "error", "code": "E0301", "message": "unknown name \"b\"", "file": "join.msh",
//      "range": {"start": {"line": 1, "character": 6}, "end": {"line": 1, "character": 7}},
//      "bytes": {"start": 16, "end": 17}, "label": "not declared here"}
//
// A range is what the Language Server Protocol calls one: lines and UTF-16 units from 0, the end not
// included. `bytes` are offsets into the file's UTF-8. What is empty or unknown is left out.

import JSON
import Lexer

extension JSONValue {
  /// A diagnostic as an object with `severity`, `code` and `message`, and where known `file`, `range`,
  /// `bytes`, `label`, `labels` (places with a `text`), `notes`, `stack` (places with a `function`),
  /// the `kind` that `catch` sees, and of an error of a cluster `cluster`, `verb`, `object`, `status`
  /// and `reason`.
  ///
  /// - Parameter diagnostic: an error or a warning.
  public init(diagnostic: Diagnostic) {
    var object: JSONObject = [
      "severity": .string(diagnostic.severity.rawValue), "code": .string(diagnostic.code),
      "message": .string(diagnostic.message),
    ]
    if let location = diagnostic.location { object.add(location) }
    if !diagnostic.label.isEmpty { object["label"] = .string(diagnostic.label) }
    if !diagnostic.labels.isEmpty {
      object["labels"] = .array(
        diagnostic.labels.map { .object(Self.place($0.location, "text", $0.text)) })
    }
    if !diagnostic.notes.isEmpty { object["notes"] = .array(diagnostic.notes.map { .string($0) }) }
    if !diagnostic.stack.isEmpty {
      object["stack"] = .array(
        diagnostic.stack.map { .object(Self.place($0.location, "function", $0.function)) })
    }
    if let kind = diagnostic.kind { object["kind"] = .string(kind) }
    if let request = diagnostic.request { object.add(request) }
    self = .object(object)
  }

  private static func place(_ location: Location, _ key: String, _ text: String) -> JSONObject {
    var object: JSONObject = [key: .string(text)]
    object.add(location)
    return object
  }
}

extension JSONObject {
  fileprivate mutating func add(_ location: Location) {
    self["file"] = .string(location.source.name)
    self["range"] = [
      "start": Self.position(location.span.start, in: location.source),
      "end": Self.position(location.span.end, in: location.source),
    ]
    self["bytes"] = [
      "start": .int(Int64(location.span.start)), "end": .int(Int64(location.span.end)),
    ]
  }

  private static func position(_ offset: UInt32, in source: Source) -> JSONValue {
    let (line, character) = source.editorPosition(of: offset)
    return ["line": .int(Int64(line)), "character": .int(Int64(character))]
  }

  fileprivate mutating func add(_ request: Diagnostic.Request) {
    self["cluster"] = .string(request.cluster)
    if let verb = request.verb { self["verb"] = .string(verb) }
    if let object = request.object { self["object"] = .string(object) }
    if let status = request.status { self["status"] = .int(Int64(status)) }
    if let reason = request.reason { self["reason"] = .string(reason) }
  }
}

// Conversion between the versions of one resource. Only autoscalers differ in their fields; the
// versions of all other resources are the same object under another name.

import JSON

enum Conversion {
  /// The object with the fields that a version has. `apiVersion` is the caller's to set.
  static func convert(
    _ object: JSONValue, type: ResourceType, from: String, to: String
  ) -> JSONValue {
    guard from != to, type.id == "horizontalpodautoscalers.autoscaling" else { return object }
    if to == "v1" { return toVersion1(object) }
    return from == "v1" ? fromVersion1(object) : object
  }

  /// v1 knows one metric, the processor's utilization, as a field of its own.
  private static func toVersion1(_ object: JSONValue) -> JSONValue {
    var result = object
    var others: [JSONValue] = []
    for metric in object.at(["spec", "metrics"])?.array ?? [] {
      if let target = metric.at(["resource", "target", "averageUtilization"]),
        metric.at(["resource", "name"])?.string == "cpu"
      {
        result.set(target, at: ["spec", "targetCPUUtilizationPercentage"])
      } else {
        others.append(metric)
      }
    }
    result.set(nil, at: ["spec", "metrics"])
    keep(.array(others), "metrics", in: &result)
    if let behavior = object.at(["spec", "behavior"]) {
      keep(behavior, "behavior", in: &result)
      result.set(nil, at: ["spec", "behavior"])
    }
    return result
  }

  private static func fromVersion1(_ object: JSONValue) -> JSONValue {
    var result = object
    var metrics: [JSONValue] = []
    if let target = object.at(["spec", "targetCPUUtilizationPercentage"]) {
      metrics.append([
        "type": "Resource",
        "resource": [
          "name": "cpu", "target": ["type": "Utilization", "averageUtilization": target],
        ],
      ])
      result.set(nil, at: ["spec", "targetCPUUtilizationPercentage"])
    }
    metrics += kept("metrics", in: &result)?.array ?? []
    if !metrics.isEmpty { result.set(.array(metrics), at: ["spec", "metrics"]) }
    if let behavior = kept("behavior", in: &result) {
      result.set(behavior, at: ["spec", "behavior"])
    }
    return result
  }

  // What v1 has no field for travels in an annotation, so that writing through v1 loses nothing.

  private static func annotation(_ name: String) -> [String] {
    ["metadata", "annotations", "autoscaling.alpha.kubernetes.io/\(name)"]
  }

  private static func keep(_ value: JSONValue, _ name: String, in object: inout JSONValue) {
    guard !value.isEmptyOrNull else { return }
    object.set(.string(value.text()), at: annotation(name))
  }

  private static func kept(_ name: String, in object: inout JSONValue) -> JSONValue? {
    guard let text = object.at(annotation(name))?.string else { return nil }
    object.set(nil, at: annotation(name))
    if object.at(["metadata", "annotations"])?.isEmptyOrNull ?? false {
      object.setMeta("annotations", nil)
    }
    return try? JSONValue.parse(text: text)
  }
}

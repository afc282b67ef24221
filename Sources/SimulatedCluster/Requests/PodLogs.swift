// Logs of pods. Nothing runs here, so a container's log is what tests write into it, after one line
// that says so; it can be followed, cut off, and left behind by a restart.

import JSON

/// The logs of all containers.
struct PodLogs: Sendable {
  struct Container: Hashable, Sendable {
    var pod: ObjectKey
    var name: String
  }

  struct Line: Sendable {
    let seconds: Int64
    let nanoseconds: Int
    let text: String

    /// As servers write it: nine digits after the second.
    var time: String {
      let digits = String(nanoseconds)
      return Clock.text(seconds).dropLast() + "."
        + String(repeating: "0", count: 9 - digits.count) + digits + "Z"
    }
  }

  /// Somebody who reads along.
  struct Follower: Sendable {
    let stream: EventStream
    let hasTimes: Bool
    var bytesLeft: Int?

    mutating func send(_ line: Line) {
      var bytes = Array(((hasTimes ? line.time + " " : "") + line.text + "\n").utf8)
      if let left = bytesLeft {
        bytes = Array(bytes.prefix(left))
        bytesLeft = left - bytes.count
      }
      stream.write(bytes)
      if bytesLeft == 0 { stream.end() }
    }
  }

  private(set) var lines: [Container: [Line]] = [:]
  private(set) var earlier: [Container: [Line]] = [:]
  private var followers: [Container: [Int: Follower]] = [:]
  private var count = 0

  /// Adds a line for all who read along.
  mutating func write(_ text: String, to container: Container, seconds: Int64) {
    count += 1
    let line = Line(seconds: seconds, nanoseconds: count % 1_000_000_000, text: text)
    lines[container, default: []].append(line)
    for id in followers[container, default: [:]].keys { followers[container]?[id]?.send(line) }
  }

  mutating func follow(_ container: Container, _ id: Int, _ follower: Follower) {
    followers[container, default: [:]][id] = follower
  }

  /// Ends one connection; false when the number is none of a follower.
  mutating func end(_ id: Int) -> Bool {
    for container in followers.keys {
      guard let follower = followers[container]?.removeValue(forKey: id) else { continue }
      follower.stream.end()
      return true
    }
    return false
  }

  /// Ends the connections of those who follow a pod's containers; what was written stays.
  mutating func endFollowers(of pod: ObjectKey) {
    for container in followers.keys where container.pod == pod {
      for follower in followers.removeValue(forKey: container)?.values ?? [:].values {
        follower.stream.end()
      }
    }
  }

  /// A container starts anew: its log becomes the earlier one.
  mutating func restart(_ container: Container) {
    earlier[container] = lines.removeValue(forKey: container) ?? []
    for follower in followers.removeValue(forKey: container)?.values ?? [:].values {
      follower.stream.end()
    }
  }

  /// Forgets a pod that has gone.
  mutating func forget(_ pod: ObjectKey) {
    endFollowers(of: pod)
    lines = lines.filter { $0.key.pod != pod }
    earlier = earlier.filter { $0.key.pod != pod }
  }
}

extension ControlPlane {
  /// `GET …/pods/x/log`.
  mutating func log(_ request: APIRequest, _ target: Target) throws(APIError) -> APIResponse {
    let pod = try existing(target)
    let container = PodLogs.Container(pod: pod.key, name: try container(request, pod))
    let lines = try selected(try lines(of: container, request), request)
    var follower = PodLogs.Follower(
      stream: EventStream(), hasTimes: request.flag("timestamps"),
      bytesLeft: try number(request, "limitBytes", least: 1))
    for line in lines { follower.send(line) }
    var response = APIResponse.text("")
    guard request.flag("follow"), !request.flag("previous") else {
      response.body = .bytes(follower.stream.takeAll())
      return response
    }
    lastWatch += 1
    logs.follow(container, lastWatch, follower)
    response.body = .stream(follower.stream, watch: lastWatch, seconds: 4 * 3600)
    return response
  }

  /// The lines of a container's present or earlier run, the first of them written now if need be.
  private mutating func lines(
    of container: PodLogs.Container, _ request: APIRequest
  ) throws(APIError) -> [PodLogs.Line] {
    let pod = container.pod.name
    if request.flag("previous") {
      if let earlier = logs.earlier[container] { return earlier }
      throw .badRequest(
        "previous terminated container \(quoted(container.name)) in pod \(quoted(pod)) not found")
    }
    if logs.lines[container] == nil {
      logs.write(
        "simulated container \(container.name) of pod \(pod)", to: container,
        seconds: settings.now())
    }
    return logs.lines[container] ?? []
  }

  private func container(_ request: APIRequest, _ pod: JSONValue) throws(APIError) -> String {
    let names = ["initContainers", "containers", "ephemeralContainers"]
      .flatMap { pod.at(["spec", $0])?.array ?? [] }.compactMap { $0["name"]?.string }
    if let name = request.parameter("container"), !name.isEmpty {
      guard names.contains(name) else {
        throw .badRequest("container \(name) is not valid for pod \(pod.name)")
      }
      return name
    }
    guard names.count == 1 else {
      throw .badRequest(
        "a container name must be specified for pod \(pod.name), choose one of: "
          + "[\(names.joined(separator: " "))]")
    }
    return names[0]
  }

  private func selected(
    _ lines: [PodLogs.Line], _ request: APIRequest
  ) throws(APIError) -> [PodLogs.Line] {
    var result = lines
    let seconds = try number(request, "sinceSeconds", least: 1)
    if let since = request.parameter("sinceTime"), !since.isEmpty {
      guard seconds == nil else {
        throw .invalid(
          kind: "PodLogOptions", group: "", name: "",
          [
            .forbidden(
              "sinceSeconds", "at most one of `sinceTime` or `sinceSeconds` may be specified")
          ])
      }
      // Fractions of a second are lost on the way to a kubelet.
      let start = Clock.seconds(
        String(since.prefix { $0 != "." }) + (since.contains(".") ? "Z" : ""))
      guard let start else { throw .badRequest("invalid sinceTime \(quoted(since))") }
      result = result.filter { $0.seconds >= start }
    }
    if let seconds {
      result = result.filter { $0.seconds >= settings.now() - Int64(seconds) }
    }
    if let tail = try number(request, "tailLines", least: 0) { result = result.suffix(tail) }
    return result
  }

  private func number(
    _ request: APIRequest, _ name: String, least: Int
  ) throws(APIError) -> Int? {
    guard let text = request.parameter(name), !text.isEmpty else { return nil }
    guard let number = Int(text), number >= least else {
      throw .invalid(
        kind: "PodLogOptions", group: "", name: "",
        [.invalid(name, text, "must be greater than \(least - 1)")])
    }
    return number
  }
}

// What verbs compile to: one step on one object of one cluster.
//
// A verb's file turns its arguments into a list of these and does nothing else with a cluster. The list
// can be printed, compared and tested; `Executor` carries it out.

import JSON

/// Which object of the API.
public struct ObjectReference: Sendable, Hashable, CustomStringConvertible {
  /// Group and version, such as `apps/v1`; the newest one when several would do.
  public var apiVersion: String
  /// The kind, such as `Deployment`.
  public var kind: String
  /// Its namespace; nil for objects of the whole cluster.
  public var namespace: String?
  /// Its name; nil for all objects of the kind.
  public var name: String?

  /// Makes a reference.
  public init(apiVersion: String, kind: String, namespace: String? = nil, name: String? = nil) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.namespace = namespace
    self.name = name
  }

  /// The object that a manifest describes; nil when it has no apiVersion, kind or name.
  public init?(_ manifest: JSONValue) {
    guard let apiVersion = manifest["apiVersion"]?.string, !apiVersion.isEmpty,
      let kind = manifest["kind"]?.string, !kind.isEmpty,
      let name = manifest[path: "metadata", "name"]?.string, !name.isEmpty
    else { return nil }
    let namespace = manifest[path: "metadata", "namespace"]?.string
    self.init(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name)
  }

  /// The group of `apiVersion`; empty for the core group.
  public var group: String {
    guard let slash = apiVersion.firstIndex(of: "/") else { return "" }
    return String(apiVersion[..<slash])
  }

  /// The version of `apiVersion`.
  public var version: String {
    guard let slash = apiVersion.firstIndex(of: "/") else { return apiVersion }
    return String(apiVersion[apiVersion.index(after: slash)...])
  }

  /// `Deployment istio-system/istiod`.
  public var description: String {
    let place = [namespace, name].compactMap(\.self).joined(separator: "/")
    return place.isEmpty ? kind : "\(kind) \(place)"
  }
}

/// One step on one object of one cluster. Printing it shows no manifest, hence no secret.
public struct Operation: Sendable, CustomStringConvertible, CustomReflectable {
  /// Where.
  public let cluster: Cluster
  /// What on.
  public var object: ObjectReference
  /// What to do.
  public var step: Step
  /// When it fails, what follows it on the same cluster is not tried.
  public var isPrerequisite: Bool

  /// The things that can be done: reads, applies, deletes and waits.
  public enum Step: Sendable {
    /// Get the object; a missing one is no failure.
    case read
    /// List objects of the kind.
    case list(Selection)
    /// Server-side apply; the same object in every version that will do, newest first.
    case apply([JSONValue], ApplyRule)
    /// Delete the object; a missing one is no failure.
    case delete(DeleteRule)
    /// Wait until the object is as it should be.
    case wait(WaitGoal, timeout: Duration)
  }

  /// Which objects to list.
  public struct Selection: Sendable, Hashable {
    /// A label selector, such as `app=web,tier!=cache`.
    public var labels: String?
    /// A field selector, such as `status.phase=Running`.
    public var fields: String?

    /// Selects by labels and fields; nil selects all.
    public init(labels: String? = nil, fields: String? = nil) {
      self.labels = labels
      self.fields = fields
    }
  }

  /// What to do when there is such an object already.
  public enum ApplyRule: String, Sendable {
    /// Bring the fields that are applied to their values.
    case merge
    /// The same, and own what `kubectl apply` has set on the client's side, too: what it has set and
    /// the manifest leaves out is removed.
    case migrate
    /// Leave it as it is.
    case onlyIfMissing
    /// Say only what is not so yet: nothing is written when all fields have their values, even if
    /// earlier runs said more.
    case onlyWhatDiffers
  }

  /// How to delete.
  public struct DeleteRule: Sendable, Hashable {
    /// `Background`, `Foreground` or `Orphan`.
    public var propagation = "Background"
    /// Seconds that pods get to end; nil for the object's own.
    public var gracePeriod: Int64?
    /// Leave objects alone that do not carry our label.
    public var isOnlyOurs = false
    /// Further versions of the same kind, for clusters that lack the reference's; newest first.
    public var versions: [String] = []

    /// Deletes dependents in the background, whoever made the object.
    public init() {}
  }

  /// Makes an operation on an object.
  public init(
    _ step: Step, _ object: ObjectReference, on cluster: Cluster, isPrerequisite: Bool = false
  ) {
    self.cluster = cluster
    self.object = object
    self.step = step
    self.isPrerequisite = isPrerequisite
  }

  /// Applies a manifest, given in every version that will do, newest first. Manifests come from our own
  /// renderers, or have been checked to have kind and name.
  static func apply(
    _ versions: [JSONValue], _ rule: ApplyRule = .merge, on cluster: Cluster,
    isPrerequisite: Bool = false
  ) -> Operation {
    let object = versions.first.flatMap(ObjectReference.init)
    return Operation(
      .apply(versions, rule), object ?? ObjectReference(apiVersion: "", kind: ""), on: cluster,
      isPrerequisite: isPrerequisite)
  }

  /// Applies a manifest.
  public static func apply(
    _ manifest: JSONValue, _ rule: ApplyRule = .merge, on cluster: Cluster,
    isPrerequisite: Bool = false
  ) -> Operation {
    apply([manifest], rule, on: cluster, isPrerequisite: isPrerequisite)
  }

  /// The word for the report: `read`, `apply`, `delete`, `wait`.
  public var action: String {
    switch step {
    case .read, .list: "read"
    case .apply: "apply"
    case .delete: "delete"
    case .wait: "wait"
    }
  }

  /// One line, such as `apply Deployment istio-system/gw on cluster1`.
  public var description: String {
    switch step {
    case .wait(let goal, _): "wait for \(object) on \(cluster.name): \(goal)"
    case .apply(_, .onlyIfMissing): "apply \(object) on \(cluster.name) if it is missing"
    case .delete(let rule) where rule.isOnlyOurs:
      "delete \(object) on \(cluster.name) if msh made it"
    default: "\(action) \(object) on \(cluster.name)"
    }
  }

  /// Shows the description only: manifests may hold secrets.
  public var customMirror: Mirror {
    Mirror(self, children: [(label: "operation", value: description as Any)])
  }
}

/// What became of an operation.
public struct Outcome: Sendable {
  /// The operation.
  public let operation: Operation
  /// How it ended.
  public let result: Result
  /// The object as the cluster has it now, where the operation learned it.
  public let object: JSONValue?
  /// Why it failed, or why it was skipped.
  public let reason: String?

  /// The ends that an operation can come to.
  public enum Result: String, Sendable, CaseIterable {
    case created, changed, unchanged, deleted, failed, skipped
    /// A read, or a wait that reached its goal.
    case done
  }
}

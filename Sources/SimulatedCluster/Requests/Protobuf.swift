// Bodies in protocol buffers: kubectl 1.32 and newer sends the objects it makes itself
// (`kubectl create namespace`, `create deployment`, …) in this form only.
//
// An envelope holds the type and the object. The messages known here are the kinds that
// `kubectl create` makes; a field that is not known is an error, never silently lost.
// Field numbers are those of the `generated.proto` files in kubernetes/api and apimachinery.

import JSON

enum Protobuf {
  static let contentType = "application/vnd.kubernetes.protobuf"

  /// A body that cannot be read.
  struct Failure: Error {
    let problem: String
  }

  /// The object inside an envelope, with its type.
  static func object(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
    guard bytes.starts(with: [0x6B, 0x38, 0x73, 0x00]) else {
      throw Failure(problem: "the envelope's mark is missing")
    }
    let envelope = try fields(bytes[4...])
    var type = JSONObject()
    var raw: ArraySlice<UInt8> = []
    for field in envelope {
      switch field {
      case (1, .bytes(let bytes)):
        for case (let number, .bytes(let text)) in try fields(bytes) {
          type[number == 1 ? "apiVersion" : "kind"] = .string(String(decoding: text, as: UTF8.self))
        }
      case (2, .bytes(let bytes)): raw = bytes
      default: break
      }
    }
    let kind = type["kind"]?.string ?? ""
    // Kinds whose fields differ between versions have a row for each.
    let versioned = "\(kind)@\(type["apiVersion"]?.string ?? "")"
    let name = messages[versioned] == nil ? kind : versioned
    guard messages[name] != nil else { throw Failure(problem: "kind \(quoted(kind)) is not known") }
    guard let members = try message(raw, name).object else { return .object(type) }
    for (key, value) in members { type[key] = value }
    return .object(type)
  }

  // MARK: - Wire format

  private enum Wire {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  private static func fields(
    _ bytes: ArraySlice<UInt8>
  ) throws(Failure) -> [(number: Int, value: Wire)] {
    var rest = bytes
    var result: [(number: Int, value: Wire)] = []
    while !rest.isEmpty {
      let key = try number(&rest)
      let field = Int(truncatingIfNeeded: key >> 3)
      switch key & 7 {
      case 0: result.append((field, .number(try number(&rest))))
      case 2:
        let length = try number(&rest)
        guard length <= UInt64(rest.count) else { throw Failure(problem: "a field is cut off") }
        result.append((field, .bytes(rest.prefix(Int(length)))))
        rest = rest.dropFirst(Int(length))
      default: throw Failure(problem: "wire type \(key & 7) is not used by Kubernetes")
      }
    }
    return result
  }

  private static func number(_ rest: inout ArraySlice<UInt8>) throws(Failure) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = rest.popFirst(), shift < 64 {
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    throw Failure(problem: "a number is cut off")
  }

  // MARK: - Messages

  private struct Field {
    let name: String
    let type: String
  }

  private static func message(
    _ bytes: ArraySlice<UInt8>, _ name: String
  ) throws(Failure) -> JSONValue {
    switch name {
    case "Time": return try time(bytes)
    case "IntOrString": return try intOrString(bytes)
    case "Quantity":
      for case (1, .bytes(let text)) in try fields(bytes) {
        return .string(String(decoding: text, as: UTF8.self))
      }
      return "0"
    default: break
    }
    var result: JSONValue = [:]
    for (number, value) in try fields(bytes) {
      guard let field = messages[name]?[number] else {
        throw Failure(problem: "field \(number) of \(name) is not known")
      }
      try add(value, field, to: &result)
    }
    return result
  }

  private static func add(
    _ value: Wire, _ field: Field, to result: inout JSONValue
  ) throws(Failure) {
    let type = field.type
    if type.hasPrefix("["), type.hasSuffix("]") {
      let element = try single(value, String(type.dropFirst().dropLast()))
      result[field.name] = .array((result[field.name]?.array ?? []) + [element])
    } else if type.hasPrefix("{"), case .bytes(let bytes) = value {
      var key = ""
      var entry: JSONValue = ""
      for (number, part) in try fields(bytes) {
        if number == 1 { key = try single(part, "string").string ?? "" }
        if number == 2 { entry = try single(part, String(type.dropFirst().dropLast())) }
      }
      result.set(entry, at: [field.name, key])
    } else {
      result[field.name] = try single(value, type)
    }
  }

  private static func single(_ value: Wire, _ type: String) throws(Failure) -> JSONValue {
    switch (value, type) {
    case (.number(let number), "int"): return .int(Int64(bitPattern: number))
    case (.number(let number), "bool"): return .bool(number != 0)
    case (.bytes(let bytes), "string"): return .string(String(decoding: bytes, as: UTF8.self))
    case (.bytes(let bytes), "bytes"): return .string(Base64.encode(bytes))
    case (.bytes(let bytes), _): return try message(bytes, type)
    case (.number, _): throw Failure(problem: "a number where \(type) belongs")
    }
  }

  /// An empty time is null.
  private static func time(_ bytes: ArraySlice<UInt8>) throws(Failure) -> JSONValue {
    for case (1, .number(let seconds)) in try fields(bytes) {
      return .string(Clock.text(Int64(bitPattern: seconds)))
    }
    return .null
  }

  private static func intOrString(_ bytes: ArraySlice<UInt8>) throws(Failure) -> JSONValue {
    var isText = false
    var number: JSONValue = 0
    var text: JSONValue = ""
    for field in try fields(bytes) {
      switch field {
      case (1, .number(let kind)): isText = kind == 1
      case (2, .number(let value)): number = .int(Int64(Int32(truncatingIfNeeded: value)))
      case (3, .bytes(let value)): text = .string(String(decoding: value, as: UTF8.self))
      default: break
      }
    }
    return isText ? text : number
  }

  // MARK: - Table

  /// Messages by name: a line `Message number:field:type …`; the type `string` is left out.
  private static let messages: [String: [Int: Field]] = {
    var result: [String: [Int: Field]] = [:]
    var current = ""
    for line in table.split(separator: "\n") {
      var words = line.split(separator: " ")[...]
      if line.first != " ", let name = words.popFirst() { current = String(name) }
      for word in words {
        let parts = word.split(separator: ":").map(String.init)
        guard parts.count >= 2, let number = Int(parts[0]) else { continue }
        result[current, default: [:]][number] = Field(
          name: parts[1], type: parts.count > 2 ? parts[2] : "string")
      }
    }
    return result
  }()

  private static let table = """
    ObjectMeta 1:name 2:generateName 3:namespace 4:selfLink 5:uid 6:resourceVersion
     7:generation:int 8:creationTimestamp:Time 9:deletionTimestamp:Time
     10:deletionGracePeriodSeconds:int 11:labels:{string} 12:annotations:{string}
     13:ownerReferences:[OwnerReference] 14:finalizers:[string]
    OwnerReference 1:kind 3:name 4:uid 5:apiVersion 6:controller:bool 7:blockOwnerDeletion:bool
    LabelSelector 1:matchLabels:{string} 2:matchExpressions:[Requirement]
    Requirement 1:key 2:operator 3:values:[string]
    Namespace 1:metadata:ObjectMeta 2:spec:NamespaceSpec 3:status:NamespaceStatus
    NamespaceSpec 1:finalizers:[string]
    NamespaceStatus 1:phase
    ConfigMap 1:metadata:ObjectMeta 2:data:{string} 3:binaryData:{bytes} 4:immutable:bool
    Secret 1:metadata:ObjectMeta 2:data:{bytes} 3:type 4:stringData:{string} 5:immutable:bool
    ServiceAccount 1:metadata:ObjectMeta 2:secrets:[ObjectReference]
     3:imagePullSecrets:[LocalObjectReference] 4:automountServiceAccountToken:bool
    ObjectReference 1:kind 2:namespace 3:name 4:uid 5:apiVersion 6:resourceVersion 7:fieldPath
    LocalObjectReference 1:name
    Service 1:metadata:ObjectMeta 2:spec:ServiceSpec 3:status:ServiceStatus
    ServiceSpec 1:ports:[ServicePort] 2:selector:{string} 3:clusterIP 4:type 5:externalIPs:[string]
     7:sessionAffinity 8:loadBalancerIP 9:loadBalancerSourceRanges:[string] 10:externalName
     11:externalTrafficPolicy 12:healthCheckNodePort:int 13:publishNotReadyAddresses:bool
     17:ipFamilyPolicy 18:clusterIPs:[string] 19:ipFamilies:[string]
     20:allocateLoadBalancerNodePorts:bool 21:loadBalancerClass 22:internalTrafficPolicy
     23:trafficDistribution
    ServicePort 1:name 2:protocol 3:port:int 4:targetPort:IntOrString 5:nodePort:int 6:appProtocol
    ServiceStatus 1:loadBalancer:LoadBalancerStatus
    LoadBalancerStatus 1:ingress:[LoadBalancerIngress]
    LoadBalancerIngress 1:ip 2:hostname 3:ipMode
    Deployment 1:metadata:ObjectMeta 2:spec:DeploymentSpec 3:status:DeploymentStatus
    DeploymentSpec 1:replicas:int 2:selector:LabelSelector 3:template:PodTemplateSpec
     4:strategy:DeploymentStrategy 5:minReadySeconds:int 6:revisionHistoryLimit:int 7:paused:bool
     9:progressDeadlineSeconds:int
    DeploymentStrategy 1:type 2:rollingUpdate:RollingUpdate
    RollingUpdate 1:maxUnavailable:IntOrString 2:maxSurge:IntOrString
    DeploymentStatus 1:observedGeneration:int 2:replicas:int 3:updatedReplicas:int
     4:availableReplicas:int 5:unavailableReplicas:int 7:readyReplicas:int
    PodTemplateSpec 1:metadata:ObjectMeta 2:spec:PodSpec
    PodSpec 2:containers:[Container] 3:restartPolicy 4:terminationGracePeriodSeconds:int
     5:activeDeadlineSeconds:int 6:dnsPolicy 7:nodeSelector:{string} 8:serviceAccountName
     9:serviceAccount 10:nodeName 11:hostNetwork:bool 12:hostPID:bool 13:hostIPC:bool
     14:securityContext:PodSecurityContext 15:imagePullSecrets:[LocalObjectReference] 16:hostname
     17:subdomain 19:schedulerName 20:initContainers:[Container]
     21:automountServiceAccountToken:bool 24:priorityClassName 25:priority:int
     27:shareProcessNamespace:bool 29:runtimeClassName 30:enableServiceLinks:bool
     31:preemptionPolicy 35:setHostnameAsFQDN:bool 37:hostUsers:bool
    PodSecurityContext 2:runAsUser:int 3:runAsNonRoot:bool 5:fsGroup:int 6:runAsGroup:int
    Container 1:name 2:image 3:command:[string] 4:args:[string] 5:workingDir
     6:ports:[ContainerPort] 7:env:[EnvVar] 8:resources:ResourceRequirements
     13:terminationMessagePath 14:imagePullPolicy 16:stdin:bool 17:stdinOnce:bool 18:tty:bool
     20:terminationMessagePolicy
    ContainerPort 1:name 2:hostPort:int 3:containerPort:int 4:protocol 5:hostIP
    EnvVar 1:name 2:value
    ResourceRequirements 1:limits:{Quantity} 2:requests:{Quantity}
    Role 1:metadata:ObjectMeta 2:rules:[PolicyRule]
    ClusterRole 1:metadata:ObjectMeta 2:rules:[PolicyRule] 3:aggregationRule:AggregationRule
    AggregationRule 1:clusterRoleSelectors:[LabelSelector]
    PolicyRule 1:verbs:[string] 2:apiGroups:[string] 3:resources:[string] 4:resourceNames:[string]
     5:nonResourceURLs:[string]
    RoleBinding 1:metadata:ObjectMeta 2:subjects:[Subject] 3:roleRef:RoleRef
    ClusterRoleBinding 1:metadata:ObjectMeta 2:subjects:[Subject] 3:roleRef:RoleRef
    Subject 1:kind 2:apiGroup 3:name 4:namespace
    RoleRef 1:apiGroup 2:kind 3:name
    PodDisruptionBudget 1:metadata:ObjectMeta 2:spec:BudgetSpec 3:status:BudgetStatus
    BudgetSpec 1:minAvailable:IntOrString 2:selector:LabelSelector 3:maxUnavailable:IntOrString
    BudgetStatus 1:observedGeneration:int 3:disruptionsAllowed:int 4:currentHealthy:int
     5:desiredHealthy:int 6:expectedPods:int
    HorizontalPodAutoscaler@autoscaling/v1 1:metadata:ObjectMeta 2:spec:AutoscalerSpec1
     3:status:AutoscalerStatus1
    AutoscalerSpec1 1:scaleTargetRef:TargetReference 2:minReplicas:int 3:maxReplicas:int
     4:targetCPUUtilizationPercentage:int
    AutoscalerStatus1 1:observedGeneration:int 2:lastScaleTime:Time 3:currentReplicas:int
     4:desiredReplicas:int 5:currentCPUUtilizationPercentage:int
    HorizontalPodAutoscaler@autoscaling/v2 1:metadata:ObjectMeta 2:spec:AutoscalerSpec2
     3:status:AutoscalerStatus2
    AutoscalerSpec2 1:scaleTargetRef:TargetReference 2:minReplicas:int 3:maxReplicas:int
     4:metrics:[MetricSpec]
    AutoscalerStatus2 1:observedGeneration:int 2:lastScaleTime:Time 3:currentReplicas:int
     4:desiredReplicas:int
    TargetReference 1:kind 2:name 3:apiVersion
    MetricSpec 1:type 3:resource:ResourceMetric
    ResourceMetric 1:name 2:target:MetricTarget
    MetricTarget 1:type 2:value:Quantity 3:averageValue:Quantity 4:averageUtilization:int
    TokenRequest 1:metadata:ObjectMeta 2:spec:TokenRequestSpec 3:status:TokenRequestStatus
    TokenRequestSpec 1:audiences:[string] 3:boundObjectRef:BoundObjectReference
     4:expirationSeconds:int
    TokenRequestStatus 1:token 2:expirationTimestamp:Time
    BoundObjectReference 1:kind 2:apiVersion 3:name 4:uID
    SelfSubjectAccessReview 1:metadata:ObjectMeta 2:spec:AccessReviewSpec 3:status:AccessStatus
    AccessReviewSpec 1:resourceAttributes:ResourceAttributes
     2:nonResourceAttributes:NonResourceAttributes
    ResourceAttributes 1:namespace 2:verb 3:group 4:version 5:resource 6:subresource 7:name
    NonResourceAttributes 1:path 2:verb
    AccessStatus 1:allowed:bool 2:reason 3:evaluationError 4:denied:bool
    """
}

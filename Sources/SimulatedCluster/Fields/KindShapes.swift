// The fields of the built-in kinds, in the notation of `ShapeNotation`.

enum KindShapes {
  /// All types by name.
  static let types = ShapeNotation.parse(
    metadata + workloads + pods + network + policy + cluster + istio)

  /// The shape of a kind that the table knows.
  static func shape(_ name: String) -> Shape { types[name] == nil ? .any : .named(name) }

  private static let metadata = """
    ObjectMeta name generateName namespace selfLink uid resourceVersion generation:int0
     creationTimestamp deletionTimestamp deletionGracePeriodSeconds:int labels:{string}
     annotations:{string} ownerReferences:[OwnerReference/uid] finalizers:[string+]
     managedFields:[any]
    OwnerReference~ apiVersion kind name uid controller:bool blockOwnerDeletion:bool
    LabelSelector~ matchLabels:{string} matchExpressions:[any]
    ObjectReference~ kind namespace name uid apiVersion resourceVersion fieldPath
    LocalObjectReference~ name
    Condition type status observedGeneration:int0 lastTransitionTime reason message lastUpdateTime
     lastProbeTime lastHeartbeatTime

    """

  private static let workloads = """
    Deployment apiVersion kind metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus
    DeploymentSpec replicas:int selector:LabelSelector template:PodTemplateSpec
     strategy:DeploymentStrategy minReadySeconds:int0 revisionHistoryLimit:int paused:bool0
     progressDeadlineSeconds:int
    DeploymentStrategy type rollingUpdate:RollingUpdate
    RollingUpdate maxSurge:intstr maxUnavailable:intstr partition:int
    DeploymentStatus observedGeneration:int0 replicas:int0 updatedReplicas:int0 readyReplicas:int0
     availableReplicas:int0 unavailableReplicas:int0 terminatingReplicas:int
     conditions:[Condition/type] collisionCount:int
    ReplicaSet apiVersion kind metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus
    ReplicaSetSpec replicas:int minReadySeconds:int0 selector:LabelSelector template:PodTemplateSpec
    ReplicaSetStatus replicas:int fullyLabeledReplicas:int0 readyReplicas:int0
     availableReplicas:int0 terminatingReplicas:int observedGeneration:int0
     conditions:[Condition/type]
    StatefulSet apiVersion kind metadata:ObjectMeta spec:StatefulSetSpec status:StatefulSetStatus
    StatefulSetSpec replicas:int selector:LabelSelector template:PodTemplateSpec
     volumeClaimTemplates:[any] serviceName podManagementPolicy updateStrategy:DeploymentStrategy
     revisionHistoryLimit:int minReadySeconds:int0 persistentVolumeClaimRetentionPolicy:any
     ordinals:any
    StatefulSetStatus observedGeneration:int0 replicas:int readyReplicas:int0 currentReplicas:int0
     updatedReplicas:int0 currentRevision updateRevision collisionCount:int
     conditions:[Condition/type] availableReplicas:int
    DaemonSet apiVersion kind metadata:ObjectMeta spec:DaemonSetSpec status:DaemonSetStatus
    DaemonSetSpec selector:LabelSelector template:PodTemplateSpec
     updateStrategy:DeploymentStrategy minReadySeconds:int0 revisionHistoryLimit:int
    DaemonSetStatus currentNumberScheduled:int numberMisscheduled:int desiredNumberScheduled:int
     numberReady:int observedGeneration:int0 updatedNumberScheduled:int0 numberAvailable:int0
     numberUnavailable:int0 collisionCount:int conditions:[Condition/type]
    PodTemplateSpec metadata:ObjectMeta spec:PodSpec
    Scale apiVersion kind metadata:ObjectMeta spec:ScaleSpec status:ScaleStatus
    ScaleSpec replicas:int
    ScaleStatus replicas:int selector
    HorizontalPodAutoscaler apiVersion kind metadata:ObjectMeta
     spec:HorizontalPodAutoscalerSpec status:HorizontalPodAutoscalerStatus
    HorizontalPodAutoscalerSpec scaleTargetRef:CrossVersionObjectReference minReplicas:int
     maxReplicas:int metrics:[any] behavior:HorizontalPodAutoscalerBehavior
     targetCPUUtilizationPercentage:int
    HorizontalPodAutoscalerBehavior scaleUp:HPAScalingRules scaleDown:HPAScalingRules
    HPAScalingRules stabilizationWindowSeconds:int selectPolicy policies:[any] tolerance:quantity
    CrossVersionObjectReference~ kind name apiVersion
    HorizontalPodAutoscalerStatus observedGeneration:int lastScaleTime currentReplicas:int0
     desiredReplicas:int currentMetrics:[any] conditions:[Condition/type]
     currentCPUUtilizationPercentage:int

    """

  private static let pods = """
    Pod apiVersion kind metadata:ObjectMeta spec:PodSpec status:any
    PodSpec volumes:[Volume/name] initContainers:[Container/name] containers:[Container/name]
     ephemeralContainers:[Container/name] restartPolicy terminationGracePeriodSeconds:int
     activeDeadlineSeconds:int dnsPolicy nodeSelector:{string} serviceAccountName serviceAccount
     automountServiceAccountToken:bool nodeName hostNetwork:bool0 hostPID:bool0 hostIPC:bool0
     shareProcessNamespace:bool securityContext:PodSecurityContext
     imagePullSecrets:[LocalObjectReference/name] hostname subdomain affinity:Affinity schedulerName
     tolerations:[any] hostAliases:[HostAlias/ip] priorityClassName priority:int dnsConfig:any
     readinessGates:[any] runtimeClassName enableServiceLinks:bool preemptionPolicy
     overhead:{quantity} topologySpreadConstraints:[Spread/topologyKey,whenUnsatisfiable]
     setHostnameAsFQDN:bool os:any hostUsers:bool schedulingGates:[any] resourceClaims:[any]
     resources:ResourceRequirements hostnameOverride
    Spread maxSkew:int topologyKey whenUnsatisfiable labelSelector:LabelSelector minDomains:int
     nodeAffinityPolicy nodeTaintsPolicy matchLabelKeys:[string]
    HostAlias ip hostnames:[string]
    Affinity nodeAffinity:any podAffinity:any podAntiAffinity:any
    PodSecurityContext seLinuxOptions:any windowsOptions:any runAsUser:int runAsGroup:int
     runAsNonRoot:bool supplementalGroups:[int] supplementalGroupsPolicy fsGroup:int sysctls:[Sysctl]
     fsGroupChangePolicy seccompProfile:any appArmorProfile:any seLinuxChangePolicy
    Sysctl name value
    Container name image command:[string] args:[string] workingDir
     ports:[ContainerPort/containerPort,protocol] envFrom:[any] env:[EnvVar/name]
     resources:ResourceRequirements resizePolicy:[any] restartPolicy
     volumeMounts:[VolumeMount/mountPath] volumeDevices:[any] livenessProbe:Probe
     readinessProbe:Probe startupProbe:Probe lifecycle:any terminationMessagePath
     terminationMessagePolicy imagePullPolicy securityContext:SecurityContext stdin:bool0
     stdinOnce:bool0 tty:bool0 targetContainerName
    ContainerPort name hostPort:int0 containerPort:int protocol hostIP
    EnvVar name value valueFrom:EnvVarSource
    EnvVarSource fieldRef:FieldRef resourceFieldRef:ResourceFieldRef configMapKeyRef:KeySelector
     secretKeyRef:KeySelector fileKeyRef:any
    FieldRef~ apiVersion fieldPath
    ResourceFieldRef~ containerName resource divisor:quantity
    KeySelector~ name key optional:bool
    ResourceRequirements limits:{quantity} requests:{quantity} claims:[any]
    VolumeMount name readOnly:bool0 mountPath subPath mountPropagation subPathExpr recursiveReadOnly
    Probe exec:any httpGet:HTTPGet tcpSocket:any grpc:any initialDelaySeconds:int0
     timeoutSeconds:int0 periodSeconds:int0 successThreshold:int0 failureThreshold:int0
     terminationGracePeriodSeconds:int
    HTTPGet path port:intstr host scheme httpHeaders:[any]
    SecurityContext capabilities:Capabilities privileged:bool seLinuxOptions:any windowsOptions:any
     runAsUser:int runAsGroup:int runAsNonRoot:bool readOnlyRootFilesystem:bool
     allowPrivilegeEscalation:bool procMount seccompProfile:any appArmorProfile:any
    Capabilities add:[string] drop:[string]
    Volume name hostPath:any emptyDir:EmptyDir gcePersistentDisk:any awsElasticBlockStore:any
     gitRepo:any secret:SecretVolume nfs:any iscsi:any glusterfs:any persistentVolumeClaim:any
     rbd:any flexVolume:any cinder:any cephfs:any flocker:any downwardAPI:DownwardAPIVolume fc:any
     azureFile:any configMap:ConfigMapVolume vsphereVolume:any quobyte:any azureDisk:any
     photonPersistentDisk:any projected:ProjectedVolume portworxVolume:any scaleIO:any
     storageos:any csi:any ephemeral:any image:any
    EmptyDir medium sizeLimit:quantity
    SecretVolume secretName items:[any] defaultMode:int optional:bool
    ConfigMapVolume name items:[any] defaultMode:int optional:bool
    DownwardAPIVolume items:[any] defaultMode:int
    ProjectedVolume sources:[any] defaultMode:int

    """

  private static let network = """
    Service apiVersion kind metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
    ServiceSpec ports:[ServicePort/port,protocol] selector:{string} clusterIP clusterIPs:[string]
     type externalIPs:[string] sessionAffinity loadBalancerIP loadBalancerSourceRanges:[string]
     externalName externalTrafficPolicy healthCheckNodePort:int0 publishNotReadyAddresses:bool0
     sessionAffinityConfig:any ipFamilies:[string] ipFamilyPolicy
     allocateLoadBalancerNodePorts:bool loadBalancerClass internalTrafficPolicy trafficDistribution
    ServicePort name protocol appProtocol port:int targetPort:intstr nodePort:int0
    ServiceStatus loadBalancer:LoadBalancerStatus conditions:[Condition/type]
    LoadBalancerStatus ingress:[LoadBalancerIngress]
    LoadBalancerIngress ip hostname ipMode ports:[any]
    Endpoints apiVersion kind metadata:ObjectMeta subsets:[any]
    EndpointSlice apiVersion kind metadata:ObjectMeta addressType endpoints:[any] ports:[any]
    NetworkPolicy apiVersion kind metadata:ObjectMeta spec:NetworkPolicySpec
    NetworkPolicySpec podSelector:LabelSelector ingress:[NetworkPolicyRule]
     egress:[NetworkPolicyRule] policyTypes:[string]
    NetworkPolicyRule ports:[NetworkPolicyPort] from:[any] to:[any]
    NetworkPolicyPort protocol port:intstr endPort:int

    """

  private static let policy = """
    PodDisruptionBudget apiVersion kind metadata:ObjectMeta spec:PodDisruptionBudgetSpec
     status:PodDisruptionBudgetStatus
    PodDisruptionBudgetSpec minAvailable:intstr selector:LabelSelector maxUnavailable:intstr
     unhealthyPodEvictionPolicy
    PodDisruptionBudgetStatus observedGeneration:int0 disruptedPods:any disruptionsAllowed:int
     currentHealthy:int desiredHealthy:int expectedPods:int conditions:[Condition/type]
    Role apiVersion kind metadata:ObjectMeta rules:[PolicyRule]
    ClusterRole apiVersion kind metadata:ObjectMeta rules:[PolicyRule] aggregationRule:any
    PolicyRule verbs:[string] apiGroups:[string] resources:[string] resourceNames:[string]
     nonResourceURLs:[string]
    RoleBinding apiVersion kind metadata:ObjectMeta subjects:[Subject] roleRef:RoleRef
    ClusterRoleBinding apiVersion kind metadata:ObjectMeta subjects:[Subject] roleRef:RoleRef
    Subject~ kind apiGroup name namespace
    RoleRef~ apiGroup kind name

    """

  private static let cluster = """
    Namespace apiVersion kind metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
    NamespaceSpec finalizers:[string]
    NamespaceStatus phase conditions:[Condition/type]
    Secret apiVersion kind metadata:ObjectMeta data:{string} stringData:{string} type
     immutable:bool
    ConfigMap apiVersion kind metadata:ObjectMeta data:{string} binaryData:{string} immutable:bool
    ServiceAccount apiVersion kind metadata:ObjectMeta secrets:[ObjectReference/name]
     imagePullSecrets:[LocalObjectReference] automountServiceAccountToken:bool
    Node apiVersion kind metadata:ObjectMeta spec:any status:any
    Event apiVersion kind metadata:ObjectMeta involvedObject:any reason message source:any
     firstTimestamp lastTimestamp count:int0 type eventTime series:any action related:any
     reportingComponent reportingInstance regarding:any note reportingController
     deprecatedSource:any deprecatedCount:int deprecatedFirstTimestamp deprecatedLastTimestamp
    Lease apiVersion kind metadata:ObjectMeta spec:LeaseSpec
    LeaseSpec holderIdentity leaseDurationSeconds:int acquireTime renewTime leaseTransitions:int
     strategy preferredHolder
    CustomResourceDefinition apiVersion kind metadata:ObjectMeta spec:CRDSpec status:CRDStatus
    CRDSpec group names:any scope versions:[any] conversion:any preserveUnknownFields:bool0
    CRDStatus conditions:[Condition/type] acceptedNames:any storedVersions:[string]
     observedGeneration:int0

    """

  /// Istio's Gateway; the other kinds of Istio keep whatever they are given in `spec`.
  private static let istio = """
    IstioGateway apiVersion kind metadata:ObjectMeta spec:IstioGatewaySpec status:any
    IstioGatewaySpec selector:{string} servers:[IstioServer]
    IstioServer port:IstioPort bind hosts:[string] tls:IstioServerTLS defaultEndpoint name
    IstioPort number:int protocol name targetPort:int
    IstioServerTLS httpsRedirect:bool mode serverCertificate privateKey caCertificates
     caCrl credentialName credentialNames:[string] caCertCredentialName tlsCertificates:[any]
     subjectAltNames:[string] verifyCertificateSpki:[string] verifyCertificateHash:[string]
     minProtocolVersion maxProtocolVersion cipherSuites:[string]
    IstioCustomResource apiVersion kind metadata:ObjectMeta spec:any status:any

    """
}

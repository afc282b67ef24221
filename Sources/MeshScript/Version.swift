// The version of the language and its tools.

/// The version that `msh --version` prints.
public enum MeshScriptVersion {
  /// Major, minor and patch, as Semantic Versioning counts.
  public static let current = "0.1.0"
}

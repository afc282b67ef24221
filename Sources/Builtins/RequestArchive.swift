// What stands around the entries of an HTTP archive, for whoever writes one.

import KubernetesClient

/// The frame of an HTTP archive; entries go between, parted by commas.
public enum RequestArchive {
  /// What stands before the entries.
  ///
  /// - Parameter version: the version of the program that writes the archive.
  public static func opening(version: String) -> String { HTTPArchive.opening(version: version) }

  /// What stands after the entries.
  public static var closing: String { HTTPArchive.closing }
}

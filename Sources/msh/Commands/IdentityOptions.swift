// The options that say whom to act as.

import ArgumentParser
import KubernetesClient

/// Impersonation, as kubectl's options have it.
struct IdentityOptions: ParsableArguments {
  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      "Act as this user, or service account, on every cluster.", valueName: "user"))
  var user: String?

  @Option(
    name: .customLong("as-group"),
    help: ArgumentHelp("Act as a member of this group, too; may be repeated.", valueName: "group"))
  var groups: [String] = []

  @Option(
    name: .customLong("as-uid"), help: ArgumentHelp("Act with this UID, too.", valueName: "uid"))
  var uid: String?

  func validate() throws {
    if user?.isEmpty == true { throw ValidationError("--as takes a name") }
    guard user == nil, uid != nil || !groups.isEmpty else { return }
    throw ValidationError("--as-group and --as-uid need --as")
  }

  /// Whom to act as; nil for oneself.
  var impersonation: Impersonation? {
    user.map { Impersonation(user: $0, uid: uid, groups: groups) }
  }
}

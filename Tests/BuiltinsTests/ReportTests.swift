// The end of a run: table, data and exit code.

import Interpreter
import JSON
import Testing

@testable import Builtins

@Suite("The report of a run")
struct ReportTests {
  private func entry(
    _ cluster: String, _ result: Outcome.Result, error: String? = nil, status: Int? = nil,
    isThrown: Bool = false
  ) -> RunReport.Entry {
    RunReport.Entry(
      cluster: cluster, action: "apply",
      object: ObjectReference(apiVersion: "v1", kind: "Service", namespace: "n", name: "s"),
      result: result, error: error, status: status, reason: status == 403 ? "Forbidden" : nil,
      isThrown: isThrown)
  }

  private func report(_ entries: [RunReport.Entry]) -> RunReport {
    RunReport(entries: entries, clusters: [("c1", true), ("cluster2", false)])
  }

  @Test(
    "The table has a line for each cluster, in the script's order, with the reason of a failure")
  func table() {
    let report = report([
      entry("cluster2", .failed, error: "no route", status: nil), entry("c1", .created),
      entry("c1", .created), entry("c1", .unchanged), entry("cluster2", .failed, error: "other"),
      entry("cluster2", .failed, error: "other"),
    ])
    #expect(
      report.table == """
        CLUSTER    CREATED   CHANGED   UNCHANGED   DELETED   FAILED   REASON
        c1         2         0         1           0         0
        cluster2   0         0         0           0         3        no route (and 1 more)

        """)
  }

  @Test("The data have the exit code, the clusters' counts and every operation")
  func json() {
    let json = report([entry("c1", .failed, error: "e", status: 403)]).json(exit: 3)
    #expect(json["exit"] == 3)
    #expect(
      json["clusters"]?.array?.first == [
        "name": "c1", "reachable": true, "created": 0, "changed": 0, "unchanged": 0, "deleted": 0,
        "failed": 1,
      ])
    #expect(json["clusters"]?.array?.last?["reachable"] == false)
    #expect(
      json["operations"] == [
        [
          "cluster": "c1", "action": "apply", "apiVersion": "v1", "kind": "Service",
          "namespace": "n", "name": "s", "result": "failed", "error": "e", "status": 403,
          "reason": "Forbidden",
        ]
      ])
  }

  @Test("A run is done, or some clusters failed, or the script did")
  func exitCodes() {
    let done = report([entry("c1", .created), entry("c1", .skipped, error: "x")])
    #expect(done.exitCode() == 0)
    #expect(done.exitCode(after: ScriptError("oops")) == 1)
    let failed = report([entry("c1", .created), entry("cluster2", .failed, error: "x")])
    #expect(failed.exitCode() == 3)
    #expect(failed.exitCode(after: ScriptError("oops")) == 1)
    let caught = report([entry("c1", .failed, error: "x", isThrown: true)])
    #expect(caught.exitCode() == 0, "the script caught it")
    let thrown = ScriptError(kind: "api", "x", details: [("cluster", .string("c1"))])
    #expect(caught.exitCode(after: thrown) == 3)
  }

  @Test("Several errors are the clusters' fault when each of them is")
  func parallelErrors() {
    let cluster = ScriptError(kind: "api", "x", details: [("cluster", .string("c1"))])
    func parallel(_ errors: [ScriptError]) -> ScriptError {
      let items = errors.map { ScriptValue.map([("item", .null), ("error", .error($0))]) }
      return ScriptError(kind: "parallel", "x", details: [("errors", .list(items))])
    }
    #expect(parallel([cluster, cluster]).isClusterFailure)
    #expect(parallel([parallel([cluster])]).isClusterFailure)
    #expect(!parallel([cluster, ScriptError("script")]).isClusterFailure)
    #expect(!parallel([]).isClusterFailure)
  }

  @Test("Columns are as wide as their widest cell, and lines end without spaces")
  func columns() {
    let table = TextTable(head: ["A", "LONG"], rows: [["wide cell", ""], ["x", "two\nlines"]])
    #expect(table.text == "A           LONG\nwide cell\nx           two lines\n")
  }

  @Test("Every error code is told apart and explained")
  func codes() {
    let codes = MeshErrorCode.allCases
    #expect(Set(codes.map(\.rawValue)).count == codes.count)
    #expect(codes.allSatisfy { $0.rawValue.hasPrefix("E05") && !$0.meaning.isEmpty })
  }
}

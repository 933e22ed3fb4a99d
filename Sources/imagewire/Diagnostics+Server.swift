internal import Buckets
internal import Commands
internal import Predictions
internal import Storage

extension Diagnostics {
  /// A database of PostgreSQL.
  func server(_ report: ServerReport, _ store: TablePredictionStore) -> [Finding] {
    let open = report.unfinished == 0 ? "" : ", \(report.unfinished) of them not finished"
    var findings = [
      Finding(
        .ok, "table",
        """
        \(store.path), PostgreSQL \(report.version), \(counted(report.predictions, "prediction"))\(open); \
        from \(configuration.store.origin ?? "")
        """)
    ]
    findings.append(
      report.hasStandby
        ? Finding(.ok, "table", "a standby confirms each commit, so a failover loses none")
        : Finding(
          .warning, "table",
          "no standby confirms commits: a failover to another server may lose those of the last moments",
          advice: "Set synchronous_standby_names if the database has a standby; with one disk nothing is to be done."))
    if BucketAddress.isMeant(by: configuration.outputDirectory) { return findings }
    findings.append(
      Finding(
        .warning, "output", "outputs are files of this machine, so no other machine can go on with its predictions",
        advice: "Use --output-dir s3://BUCKET if several machines share the database."))
    return findings
  }
}

internal import CSQLite

/// One step of the schema. Steps are only added at the end, and only add tables, indexes, triggers and columns with
/// defaults. A program that knows fewer steps may go on unless `minimumWriter` or `minimumReader` is above its version.
struct Migration {
  /// For people.
  let name: String
  /// The oldest schema version whose programs may still write after this step, and the one whose programs may read.
  let minimumWriter: Int64
  let minimumReader: Int64
  let sql: String
}

/// The schema of the database; Sources/Storage/README.md, "Tables".
enum Schema {
  /// `IMGR`, in the file's header: marks a database of imagewire.
  static let applicationID: Int64 = 0x494D_4752

  /// The version that this program writes.
  static var version: Int64 { Int64(migrations.count) }

  /// The steps from every older version; their result is `objects`.
  static let migrations: [Migration] = [
    Migration(
      name: "predictions", minimumWriter: 1, minimumReader: 1,
      sql: """
        CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE owners(owner TEXT PRIMARY KEY, pid INTEGER NOT NULL, version TEXT NOT NULL,
          started_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE accounts(account TEXT PRIMARY KEY, paused_until_ms INTEGER NOT NULL DEFAULT 0,
          pause_ms INTEGER NOT NULL DEFAULT 0, pause_reason TEXT) STRICT, WITHOUT ROWID;
        CREATE TABLE predictions(
          seq INTEGER PRIMARY KEY, low INTEGER NOT NULL,
          status TEXT NOT NULL
            CHECK(status IN ('created','processing','completed','failed','cancelled','unknown')),
          phase TEXT CHECK(phase IN ('queued','sending','polling','looking','fetching','settling')),
          owner TEXT, epoch INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL DEFAULT 1,
          provider TEXT NOT NULL, model TEXT NOT NULL, account TEXT NOT NULL,
          fingerprint BLOB NOT NULL, remote_id TEXT,
          billing TEXT NOT NULL DEFAULT 'none', max_cost_micros INTEGER, estimate_micros INTEGER, cost_micros INTEGER,
          started_ms INTEGER, finished_ms INTEGER, next_ms INTEGER, tries INTEGER NOT NULL DEFAULT 0,
          delete_remote INTEGER NOT NULL DEFAULT 0,
          idempotency_key TEXT, output_dir TEXT NOT NULL, output_name TEXT,
          tags TEXT, outputs TEXT, files TEXT, failure TEXT, timings TEXT, has_nsfw TEXT,
          error TEXT NOT NULL DEFAULT '') STRICT;
        CREATE TABLE inputs(seq INTEGER PRIMARY KEY, input BLOB NOT NULL, metadata BLOB) STRICT;
        CREATE TABLE words(seq INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
        CREATE TABLE tags(tag TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(tag, seq)) STRICT, WITHOUT ROWID;
        CREATE TABLE keys(key TEXT PRIMARY KEY, fingerprint BLOB NOT NULL, seq INTEGER NOT NULL, low INTEGER NOT NULL,
          deleted_ms INTEGER) STRICT, WITHOUT ROWID;
        CREATE TABLE sends(
          seq INTEGER PRIMARY KEY, account TEXT NOT NULL, fingerprint BLOB NOT NULL,
          sent_ms INTEGER NOT NULL, until_ms INTEGER, skew_ms INTEGER,
          outcome TEXT CHECK(outcome IN ('accepted','refused','unsent','adopted')),
          remote_id TEXT, estimate_micros INTEGER, cost_micros INTEGER) STRICT;
        CREATE TABLE changes(change INTEGER PRIMARY KEY, seq INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0) STRICT;

        CREATE INDEX unsettled   ON predictions(account, phase, seq) WHERE phase IS NOT NULL;
        CREATE INDEX owned       ON predictions(owner) WHERE owner IS NOT NULL;
        CREATE INDEX odd         ON predictions(status, seq)
          WHERE status = 'failed' OR status = 'cancelled' OR status = 'unknown';
        CREATE INDEX by_model    ON predictions(model, seq);
        CREATE INDEX by_provider ON predictions(provider, seq);
        CREATE UNIQUE INDEX claimed ON sends(account, remote_id) WHERE remote_id IS NOT NULL;
        CREATE INDEX open_sends  ON sends(account, fingerprint) WHERE outcome IS NULL;
        CREATE INDEX recent      ON sends(account, sent_ms);
        """),
    // Subscribers need the id of a deleted prediction, whose row is gone.
    Migration(
      name: "changes name what is gone", minimumWriter: 1, minimumReader: 1,
      sql: "ALTER TABLE changes ADD COLUMN low INTEGER;"),
    // Agents see only predictions of agents, and an MCP task that has ended must not change again.
    Migration(
      name: "predictions know who ordered them", minimumWriter: 1, minimumReader: 1,
      sql: """
        ALTER TABLE predictions ADD COLUMN origin TEXT;
        ALTER TABLE predictions ADD COLUMN has_been_unknown INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX by_origin ON predictions(origin, seq) WHERE origin IS NOT NULL;
        """),
    // An older version that ends a prediction leaves its preview in the row, so it is read only in `processing`.
    Migration(
      name: "predictions have a preview", minimumWriter: 1, minimumReader: 1,
      sql: "ALTER TABLE predictions ADD COLUMN preview TEXT;"),
    // Whether files must be uploaded first. The trigger is for older programs: they would send the path in the place of the
    // image, so they must not claim such a row.
    Migration(
      name: "files are uploaded first", minimumWriter: 1, minimumReader: 1,
      sql: """
        ALTER TABLE predictions ADD COLUMN uploads INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE uploads(account TEXT NOT NULL, sha256 BLOB NOT NULL, address TEXT NOT NULL,
          expires_ms INTEGER NOT NULL, PRIMARY KEY(account, sha256)) STRICT, WITHOUT ROWID;
        CREATE TRIGGER files_first BEFORE UPDATE OF phase ON predictions
          WHEN NEW.uploads = 1 AND NEW.phase = 'sending'
          BEGIN SELECT RAISE(ABORT, 'its files are not uploaded yet'); END;
        """),
    // The accepting process and the agent; the input with the addresses of its files; and with each POST the facts that
    // prices, agents' caps and the search of a history need. Older rows have none of them. The trigger is for older
    // programs that delete an agent's prediction: they mark the key without its namespace, which may be the key of another
    // client's prediction that still exists.
    Migration(
      name: "sends know what they were", minimumWriter: 1, minimumReader: 1,
      sql: """
        ALTER TABLE predictions ADD COLUMN acceptor TEXT;
        ALTER TABLE predictions ADD COLUMN agent TEXT;
        ALTER TABLE inputs ADD COLUMN sent BLOB;
        ALTER TABLE sends ADD COLUMN model TEXT;
        ALTER TABLE sends ADD COLUMN likeness BLOB;
        ALTER TABLE sends ADD COLUMN agent TEXT;
        ALTER TABLE sends ADD COLUMN images INTEGER;
        ALTER TABLE sends ADD COLUMN steady_ms INTEGER;
        ALTER TABLE sends ADD COLUMN boot TEXT;
        ALTER TABLE predictions ADD COLUMN images INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE predictions ADD COLUMN caps TEXT;
        ALTER TABLE predictions ADD COLUMN model_is_default INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE accounts ADD COLUMN balance_micros INTEGER;
        ALTER TABLE accounts ADD COLUMN model TEXT;
        ALTER TABLE accounts ADD COLUMN model_seen_ms INTEGER;
        CREATE TRIGGER keys_of_what_is_there BEFORE UPDATE OF deleted_ms ON keys
          WHEN NEW.deleted_ms IS NOT NULL AND EXISTS (SELECT 1 FROM predictions WHERE seq = OLD.seq)
          BEGIN SELECT RAISE(IGNORE); END;
        """),
    // Whether `max_cost` may be compared with an estimate. An older program compares it in any case.
    Migration(
      name: "predictions say whether an estimate is enough", minimumWriter: 1, minimumReader: 1,
      sql: "ALTER TABLE predictions ADD COLUMN max_cost_estimates INTEGER NOT NULL DEFAULT 0;"),
    // Where a reply is that could not be read. An older program leaves it there, and a newer one removes it once its row is
    // gone.
    Migration(
      name: "replies are kept unread", minimumWriter: 1, minimumReader: 1,
      sql: "ALTER TABLE predictions ADD COLUMN unread_reply TEXT;"),
    // Whether the cost is the provider's bill, not its quote.
    Migration(
      name: "costs may be billed", minimumWriter: 1, minimumReader: 1,
      sql: "ALTER TABLE predictions ADD COLUMN is_billed INTEGER NOT NULL DEFAULT 0;"),
    // What the provider said beside the outputs: the tokens that it counted, the prompt as it changed it.
    Migration(
      name: "predictions keep what the provider says beside the outputs", minimumWriter: 1, minimumReader: 1,
      sql: "ALTER TABLE predictions ADD COLUMN provider_data BLOB;"),
    // A prediction that names outputs of others waits without a phase, so that an older program shows and cancels it and
    // cannot send it: it claims only what is queued, and the check refuses any phase. A check and no trigger, because older
    // programs refuse a file with a trigger that they do not know. `home` is that of `meta` at the acceptance: an older
    // program that takes a copied database over changes only the one in `meta`.
    Migration(
      name: "predictions wait for outputs of others", minimumWriter: 1, minimumReader: 1,
      sql: """
        ALTER TABLE predictions ADD COLUMN refs INTEGER NOT NULL DEFAULT 0 CHECK(refs <> 1 OR phase IS NULL);
        ALTER TABLE predictions ADD COLUMN attended_ms INTEGER;
        ALTER TABLE predictions ADD COLUMN home TEXT;
        CREATE TABLE refs(seq INTEGER NOT NULL, target_seq INTEGER NOT NULL, low INTEGER NOT NULL, n INTEGER NOT NULL,
          PRIMARY KEY(seq, target_seq, n)) STRICT, WITHOUT ROWID;
        CREATE INDEX by_target ON refs(target_seq);
        CREATE INDEX chained ON predictions(account, seq) WHERE refs = 1 AND status = 'created';
        """),
    // What users have granted agents beyond their caps, and on which day. An older program refuses more for itself.
    Migration(
      name: "users grant agents more", minimumWriter: 1, minimumReader: 1,
      sql: """
        ALTER TABLE accounts ADD COLUMN granted_ms INTEGER;
        ALTER TABLE accounts ADD COLUMN grants INTEGER;
        ALTER TABLE accounts ADD COLUMN granted_images INTEGER;
        ALTER TABLE accounts ADD COLUMN granted_micros INTEGER;
        """),
    // How long jobs took, for the polls of those to come. An older program neither reads nor writes it.
    Migration(
      name: "durations of jobs", minimumWriter: 1, minimumReader: 1,
      sql: """
        CREATE TABLE durations(seq INTEGER PRIMARY KEY, account TEXT NOT NULL, model TEXT NOT NULL,
          kind INTEGER NOT NULL, still_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL) STRICT;
        CREATE INDEX learned ON durations(account, model, seq);
        """),
    // A list of completed ones finds them behind any number of others. A partial index, so that a submit does not touch it.
    Migration(
      name: "completed predictions have an index", minimumWriter: 1, minimumReader: 1,
      sql: "CREATE INDEX completed ON predictions(status) WHERE status = 'completed';"),
  ]

  /// Migrates a database to this version in one transaction. If another process migrated it first, this does nothing.
  ///
  /// - Parameter verify: called before the commit; where it throws, the database stays as it was.
  static func migrate(
    _ connection: TableConnection, home: String, verify: (TableConnection) throws -> Void = { _ in }
  ) throws {
    try connection.script("BEGIN IMMEDIATE")
    do {
      let old = try connection.integer("PRAGMA user_version")
      if old > 0 {
        for migration in migrations.dropFirst(Int(old)) { try connection.script(migration.sql) }
      } else {
        for object in objects { try connection.script(object.sql) }
        try connection.script("PRAGMA application_id = \(applicationID)")
        try set("uuid", [UInt8].random(16), in: connection)
        try set("salt", [UInt8].random(16), in: connection)
        try set("home", home, in: connection)
      }
      if old < version, let last = migrations.last {
        try connection.script("PRAGMA user_version = \(version)")
        try set("min_writer", last.minimumWriter, in: connection)
        try set("min_reader", last.minimumReader, in: connection)
      }
      try verify(connection)
      try connection.script("COMMIT")
    } catch {
      try? connection.script("ROLLBACK")
      throw error
    }
  }

  /// Sets a fact about the database, in `meta`.
  static func set(_ name: String, _ value: any TableBindable, in connection: TableConnection) throws(TableError) {
    try connection.run(
      "INSERT INTO meta(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value", name, value)
  }

  /// Applies the settings of every connection and reads them back; throws where SQLite does not honour one.
  static func configure(_ connection: TableConnection) throws(TableError) {
    try connection.script(
      """
      PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
      PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0; PRAGMA cache_size = -2000; PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON
      """)
    let wanted: [(name: String, value: Int64)] = [
      ("synchronous", 2), ("fullfsync", 1), ("checkpoint_fullfsync", 1), ("wal_autocheckpoint", 0),
      ("cache_size", -2000), ("trusted_schema", 0), ("cell_size_check", 1), ("secure_delete", 1),
    ]
    for (name, value) in wanted where try connection.integer("PRAGMA \(name)") != value {
      throw TableError(code: SQLITE_MISUSE, message: "the system's SQLite does not honour \(name) = \(value)")
    }
    // `mmap_size` is not read back: a SQLite without memory maps returns no value for it.
    guard try connection.first("PRAGMA journal_mode", body: { $0.text(0) }) == "wal" else {
      throw TableError(code: SQLITE_MISUSE, message: "the database is not in write-ahead mode")
    }
    connection.keepLog()
    connection.countLogPages()
  }
}

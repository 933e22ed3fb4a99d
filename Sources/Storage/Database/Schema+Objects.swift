/// A table, an index or a trigger.
struct SchemaObject: Sendable {
  let name: String
  /// The statement that creates it.
  let sql: String

  /// Whether a text is the same statement; white space does not count.
  func isMade(by text: borrowing Span<UInt8>) -> Bool {
    let own = sql.utf8Span.span
    var (here, there) = (0, 0)
    while true {
      while here < own.count, Self.isSpace(own[here]) { here += 1 }
      while there < text.count, Self.isSpace(text[there]) { there += 1 }
      guard here < own.count, there < text.count else { return here == own.count && there == text.count }
      guard own[here] == text[there] else { return false }
      here += 1
      there += 1
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D }
}

/// The schema of `version`, the result of all migrations. A new database is created from it in one step, and an existing one
/// must have the same tables and triggers. A column that a migration adds is the last of its table.
extension Schema {
  /// All objects, in the order in which they are created.
  static let objects = tables + indexes + triggers

  static let tables = [
    SchemaObject(
      name: "meta", sql: "CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID"),
    SchemaObject(
      name: "owners",
      sql: """
        CREATE TABLE owners(owner TEXT PRIMARY KEY, pid INTEGER NOT NULL, version TEXT NOT NULL,
          started_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID
        """),
    SchemaObject(
      name: "accounts",
      sql: """
        CREATE TABLE accounts(account TEXT PRIMARY KEY, paused_until_ms INTEGER NOT NULL DEFAULT 0,
          pause_ms INTEGER NOT NULL DEFAULT 0, pause_reason TEXT,
          balance_micros INTEGER, model TEXT, model_seen_ms INTEGER,
          granted_ms INTEGER, grants INTEGER, granted_images INTEGER, granted_micros INTEGER) STRICT, WITHOUT ROWID
        """),
    SchemaObject(
      name: "predictions",
      sql: """
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
          error TEXT NOT NULL DEFAULT '',
          origin TEXT, has_been_unknown INTEGER NOT NULL DEFAULT 0, preview TEXT, uploads INTEGER NOT NULL DEFAULT 0,
          acceptor TEXT, agent TEXT, images INTEGER NOT NULL DEFAULT 1, caps TEXT,
          model_is_default INTEGER NOT NULL DEFAULT 0, max_cost_estimates INTEGER NOT NULL DEFAULT 0,
          unread_reply TEXT, is_billed INTEGER NOT NULL DEFAULT 0, provider_data BLOB,
          refs INTEGER NOT NULL DEFAULT 0 CHECK(refs <> 1 OR phase IS NULL), attended_ms INTEGER, home TEXT) STRICT
        """),
    SchemaObject(
      name: "inputs",
      sql: "CREATE TABLE inputs(seq INTEGER PRIMARY KEY, input BLOB NOT NULL, metadata BLOB, sent BLOB) STRICT"),
    SchemaObject(name: "words", sql: "CREATE TABLE words(seq INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"),
    SchemaObject(
      name: "tags",
      sql: "CREATE TABLE tags(tag TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(tag, seq)) STRICT, WITHOUT ROWID"),
    SchemaObject(
      name: "keys",
      sql: """
        CREATE TABLE keys(key TEXT PRIMARY KEY, fingerprint BLOB NOT NULL, seq INTEGER NOT NULL, low INTEGER NOT NULL,
          deleted_ms INTEGER) STRICT, WITHOUT ROWID
        """),
    SchemaObject(
      name: "sends",
      sql: """
        CREATE TABLE sends(
          seq INTEGER PRIMARY KEY, account TEXT NOT NULL, fingerprint BLOB NOT NULL,
          sent_ms INTEGER NOT NULL, until_ms INTEGER, skew_ms INTEGER,
          outcome TEXT CHECK(outcome IN ('accepted','refused','unsent','adopted')),
          remote_id TEXT, estimate_micros INTEGER, cost_micros INTEGER,
          model TEXT, likeness BLOB, agent TEXT, images INTEGER, steady_ms INTEGER, boot TEXT) STRICT
        """),
    SchemaObject(
      name: "changes",
      sql: """
        CREATE TABLE changes(change INTEGER PRIMARY KEY, seq INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0,
          low INTEGER) STRICT
        """),
    SchemaObject(
      name: "uploads",
      sql: """
        CREATE TABLE uploads(account TEXT NOT NULL, sha256 BLOB NOT NULL, address TEXT NOT NULL,
          expires_ms INTEGER NOT NULL, PRIMARY KEY(account, sha256)) STRICT, WITHOUT ROWID
        """),
    SchemaObject(
      name: "refs",
      sql: """
        CREATE TABLE refs(seq INTEGER NOT NULL, target_seq INTEGER NOT NULL, low INTEGER NOT NULL, n INTEGER NOT NULL,
          PRIMARY KEY(seq, target_seq, n)) STRICT, WITHOUT ROWID
        """),
    SchemaObject(
      name: "durations",
      sql: """
        CREATE TABLE durations(seq INTEGER PRIMARY KEY, account TEXT NOT NULL, model TEXT NOT NULL,
          kind INTEGER NOT NULL, still_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL) STRICT
        """),
  ]

  static let indexes = [
    SchemaObject(
      name: "unsettled",
      sql: "CREATE INDEX unsettled ON predictions(account, phase, seq) WHERE phase IS NOT NULL"),
    SchemaObject(name: "owned", sql: "CREATE INDEX owned ON predictions(owner) WHERE owner IS NOT NULL"),
    SchemaObject(
      name: "odd",
      sql: """
        CREATE INDEX odd ON predictions(status, seq)
          WHERE status = 'failed' OR status = 'cancelled' OR status = 'unknown'
        """),
    SchemaObject(name: "by_model", sql: "CREATE INDEX by_model ON predictions(model, seq)"),
    SchemaObject(name: "by_provider", sql: "CREATE INDEX by_provider ON predictions(provider, seq)"),
    SchemaObject(
      name: "claimed", sql: "CREATE UNIQUE INDEX claimed ON sends(account, remote_id) WHERE remote_id IS NOT NULL"),
    SchemaObject(
      name: "open_sends", sql: "CREATE INDEX open_sends ON sends(account, fingerprint) WHERE outcome IS NULL"),
    SchemaObject(name: "recent", sql: "CREATE INDEX recent ON sends(account, sent_ms)"),
    SchemaObject(
      name: "by_origin", sql: "CREATE INDEX by_origin ON predictions(origin, seq) WHERE origin IS NOT NULL"),
    SchemaObject(name: "by_target", sql: "CREATE INDEX by_target ON refs(target_seq)"),
    SchemaObject(
      name: "chained",
      sql: "CREATE INDEX chained ON predictions(account, seq) WHERE refs = 1 AND status = 'created'"),
    SchemaObject(name: "learned", sql: "CREATE INDEX learned ON durations(account, model, seq)"),
    SchemaObject(
      name: "completed", sql: "CREATE INDEX completed ON predictions(status) WHERE status = 'completed'"),
  ]

  static let triggers = [
    SchemaObject(
      name: "files_first",
      sql: """
        CREATE TRIGGER files_first BEFORE UPDATE OF phase ON predictions
          WHEN NEW.uploads = 1 AND NEW.phase = 'sending'
          BEGIN SELECT RAISE(ABORT, 'its files are not uploaded yet'); END
        """),
    SchemaObject(
      name: "keys_of_what_is_there",
      sql: """
        CREATE TRIGGER keys_of_what_is_there BEFORE UPDATE OF deleted_ms ON keys
          WHEN NEW.deleted_ms IS NOT NULL AND EXISTS (SELECT 1 FROM predictions WHERE seq = OLD.seq)
          BEGIN SELECT RAISE(IGNORE); END
        """),
  ]
}

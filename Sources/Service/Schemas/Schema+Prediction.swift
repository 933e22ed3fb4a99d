internal import Encoding
internal import Predictions

// The schema of a prediction. `Prediction+JSON.swift` writes it.
extension Schema {
  /// The prediction that methods return.
  static let prediction = Schema.reference(.prediction)

  /// The id of a prediction.
  static let id = Schema.string(like: "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")

  /// The id of a prediction in params. Any string is allowed: one that is not an id is answered with 1001.
  static let anyID = Schema.string.about("A prediction's id.")

  /// A point in time.
  static let time = Schema.string(
    like: #"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"#)

  static let status = Schema.word(PredictionStatus.allCases.map(\.rawValue))

  /// The schema of `prediction.json`, and its replacement where references are not followed.
  static var wholePrediction: Schema {
    .object(
      [
        "id": .id.about("imagewire's id: ordered by time, never changes, known before any money is spent."),
        "model": .string.about("The model."),
        "status": .status.about(
          """
          created: accepted, waiting for its turn; processing: handed to the provider, or its lost reply is searched for; \
          completed, failed, cancelled, unknown: final, except that unknown may change once.
          """),
        "outputs": .array(of: .string).about("URLs of the outputs; empty unless completed."),
        "urls": .object(["get": .string.about("The address.")], optional: ["get"]).about(
          "get: the provider's own URL of the result."),
        "has_nsfw_contents": .array(of: .bool).about("One for each output; empty if the provider does not report it."),
        "created_at": .time.about("When it was accepted, in UTC like all times."),
        "error": .string.about("Why it failed, for people; empty if it did not."),
        "timings": .object(
          [
            "inference": .integer().orNull.about("The provider's own time."),
            "queued": .integer(0...).orNull.about("From created to handed over."),
            "total": .integer(0...).orNull.about("From created to finished."),
          ]
        ).about("Milliseconds; null if not known yet."),
        "provider": .string.about("The provider that makes it."),
        "remote_id": .string.orNull.about("The provider's own id."),
        "input": .object().about("The model's input. Left out in lists; see omitted."),
        "files": .array(of: .file).about(
          "Saved outputs, in the order of their index; empty before the status is final."),
        "preview": .preview.about(
          "The newest partial image of a stream, while status is processing."),
        "billing": .word(Billing.allCases.map(\.rawValue)).about(
          "none: nothing was sent, it was refused, or the sandbox drew it; charged; refunded by the provider; unknown."
        ),
        "cost": .cost.orNull.about("What it costs; null where that is not known."),
        "provider_data": .object().about(
          "What the provider said beside the outputs: usage (tokens) and revised_prompt (of the first image that has one), where it says them. Left out in lists."
        ),
        "failure": .failure.orNull.about("Why it failed, for programs. With completed only download_failed."),
        "idempotency_key": .string.orNull.about("The caller's."),
        "tags": .array(of: .string).about("The caller's."),
        "metadata": .object().about("The caller's. Left out in lists."),
        "started_at": .time.orNull.about("When it was handed to the provider."),
        "finished_at": .time.orNull.about("When its status became final."),
        "revision": .integer(0...).about("Rises by one with every change."),
        "waits_for": .array(of: .id).about(
          "Unfinished predictions whose outputs its input names: it is not sent before they are completed."),
        "waiting": .object([
          "reason": .word(PredictionFailure.Kind.allCases.map(\.rawValue)).about("Why the last request failed."),
          "until": .time.about("When the queue continues, unless something changes before."),
        ]).about(
          "Why a created prediction is not sent yet: the provider refused the account's last request and the account pauses."
        ),
        "warnings": .problems.about("In the reply to submit: fields of input that may be unknown to the model."),
        "omitted": .array(of: .string).about(
          "Fields left out to keep the message short; status {full: true} returns them."),
        "eta_ms": .eta, "progress": .progress,
      ],
      optional: [
        "input", "preview", "provider_data", "metadata", "waits_for", "waiting", "warnings", "omitted", "eta_ms",
        "progress",
      ]
    ).titled("Prediction")
  }

  /// How long it will take; `Expectation`.
  static var eta: Schema {
    .integer(0...).orNull.about(
      """
      While its provider works on it and this process asks: an estimate, from earlier predictions, of the milliseconds until it is \
      done; null where it takes longer than those. Left out in lists.
      """)
  }

  static var progress: Schema {
    .number.about("With eta_ms: the share that is done, an estimate from 0 to 0.99 that never falls before the end.")
  }

  /// Problems or warnings with their paths.
  static var problems: Schema {
    .array(
      of: .object([
        "path": .string.about("A path like input.size."), "message": .string.about("What is wrong with it."),
      ]))
  }

  private static var cost: Schema {
    .object(
      [
        "amount": .number.about("The amount."), "currency": .string.about("ISO 4217: USD."),
        "source": .word(Cost.Source.allCases.map(\.rawValue)).about(
          """
          quoted: the provider's price before it was sent; billed: the provider's bill; estimated: the price of what is not \
          finished; none: nothing is billed.
          """),
      ]
    ).titled("Cost")
  }

  private static var file: Schema {
    .object(
      [
        "path": .string(like: "^/").about("Absolute; of a copy, where it is kept in a bucket."),
        "location": .string(like: "^s3://").about("The object that it is kept as, where that is in a bucket."),
        "index": .integer(1...).about("Which output it is, from 1."),
        "kind": .word(FileKind.allCases.map(\.rawValue)).about(
          "How to show it. A vector is an SVG file, which may contain scripts."),
        "media_type": .string.about("Read from its bytes; for a text from its name or its sender."),
        "bytes": .integer(0...).about("Its size."),
        "sha256": .string(like: "^[0-9a-f]{64}$").about("Of its bytes, as hexadecimal digits."),
        "width": .integer(1...).orNull.about("In pixels; null where there are none."),
        "height": .integer(1...).orNull.about("In pixels; null where there are none."),
        "duration_ms": .integer(1...).about("How long a sound or a film lasts, where its header says so."),
        "base64": .string.about("Its content, if inline asked for it."),
      ], optional: ["location", "duration_ms", "base64"]
    ).titled("File")
  }

  private static var preview: Schema {
    .object(
      [
        "path": .string(like: "^/").about("Absolute; each newer one replaces the file as a whole."),
        "media_type": .string.about("Read from its bytes."),
        "bytes": .integer(0...).about("Its size."),
        "width": .integer(1...).orNull.about("In pixels; null where there are none."),
        "height": .integer(1...).orNull.about("In pixels; null where there are none."),
        "index": .integer(0...).about("The number of the partial image, as the provider counts."),
      ]
    ).titled("Preview")
  }

  private static var partialFile: Schema {
    .object(
      [
        "index": .integer(1...).about("Of which output, from 1."),
        "path": .string(like: "^/").about("Absolute."),
        "bytes": .integer(0...).about("Its size."),
        "sha256": .string(like: "^[0-9a-f]{64}$").about("Of its bytes, as hexadecimal digits."),
      ]
    ).titled("PartialFile")
  }

  private static var failure: Schema {
    .object(
      [
        "type": .word(PredictionFailure.Kind.allCases.map(\.rawValue)).about(
          "What failed. Treat one that you do not know as internal."),
        "retryable": .bool.about("Whether a new submit may succeed."),
        "message": .string.about("What happened, and whether it cost money."),
        "hint": .string.orNull.about("What to do next."),
        "remote_code": .string.orNull.about("The provider's own code."),
        "missing": .array(of: .integer(1...)).about(
          "With download_failed: which outputs are not saved, from 1. result tries these again, unless the provider no longer has them."
        ),
        "partial": .array(of: .partialFile).about(
          """
          With download_failed or cancelled: what came of outputs whose download broke off, in files of their own (NAME.partial). \
          They go with delete {files: true}, and once the output is saved.
          """),
      ], optional: ["missing", "partial"]
    ).titled("Failure")
  }
}

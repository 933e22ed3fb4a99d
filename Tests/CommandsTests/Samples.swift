import Predictions

@testable import Commands

extension Prediction {
  /// A prediction as commands show it.
  static func sample(
    _ status: PredictionStatus = .completed, provider: String = "wavespeed", input: String = #"{"prompt":"a red fox"}"#
  ) -> Prediction {
    var prediction = Prediction(
      id: PredictionID(at: 1_000), provider: provider, model: "a/b", input: Array(input.utf8), fingerprint: [],
      account: "", outputDirectory: "/out")
    prediction.status = status
    return prediction
  }
}

extension OutputFile {
  /// A saved image.
  static func sample(_ path: String = "/out/fox.png", bytes: Int64 = 1_500_000) -> OutputFile {
    OutputFile(path: path, mediaType: "image/png", bytes: bytes, sha256: "", width: 1_024, height: 768)
  }
}

/// The exit status of a command for a prediction. Here and not beside its tests: Testing has an `ExitStatus`, too.
func exitStatus(of prediction: Prediction) -> Int32 { ExitStatus(prediction).rawValue }

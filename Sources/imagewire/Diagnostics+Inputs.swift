internal import Commands
internal import Predictions
internal import Storage

extension Diagnostics {
  /// The folders whose images agents may send; nothing where there are none.
  var inputFolders: [Finding] {
    let missing = AgentInputs(configuration.allowedInputs).missing
    return configuration.allowedInputs.map { path in
      guard missing.contains(where: { $0.path == path }) else {
        return Finding(.ok, "input folder", "agents may send the images in \(SafeText(path: path))")
      }
      return Finding(
        .warning, "input folder", "\(SafeText(path: path)) is no folder, so agents can send nothing of it",
        advice: "Correct IMAGEWIRE_ALLOW_INPUT or allow_input.")
    }
  }
}

internal import Buckets
internal import HTTP
internal import Predictions
internal import Storage

extension Configuration {
  /// Where the copies of what is in buckets are.
  var copiesFolder: String { "\(stateDirectory)/objects" }

  /// The directory on this disk that outputs get into: the copies', where they are kept in a bucket.
  var localOutputDirectory: String {
    guard BucketAddress.isMeant(by: outputDirectory) else { return outputDirectory }
    // One that cannot be read is refused where it is used; as a path it would lead below the working directory.
    guard let address = try? BucketAddress(outputDirectory) else { return copiesFolder }
    return BucketOutputStore.folder(of: address, below: copiesFolder)
  }

  /// The store of the files on this disk.
  func copies(agents: AgentDirectories) -> FileOutputStore {
    FileOutputStore(limit: outputLimit, privateDirectory: stateDirectory, agents: agents)
  }

  /// The store of outputs, wherever they are kept.
  func outputs(
    copies: FileOutputStore? = nil, http: HTTPClient, time: any TimeSource
  ) -> BucketOutputStore {
    BucketOutputStore(
      copies: copies ?? self.copies(agents: AgentDirectories(outputDirectory: localOutputDirectory)),
      folder: copiesFolder, configured: bucket.value, client: BucketClient(bucketAccess, http: http, time: time))
  }

  static func bucket(_ setting: Setting<String>) -> Setting<BucketAddress> {
    guard case .given(let text, let origin) = setting else { return .absent }
    do throws(OutputError) {
      return .given(try BucketAddress(text), origin: origin)
    } catch {
      return .broken(error.message, origin: origin)
    }
  }

  static func bucketAccess(environment: [String: String], home: String) -> BucketAccess {
    BucketAccess(
      variables: environment, home: home,
      read: { if case .bytes(let bytes) = SmallFile.read($0) { bytes } else { nil } },
      run: { words in
        let ended = ChildProcess.run(words[0], Array(words.dropFirst()), input: [], patience: 60_000)
        return ended?.status == 0 ? ended?.output : nil
      })
  }
}

import HTTP
import HTTPTestSupport
import Predictions
import Testing
import Threads

@testable import Providers

/// A descriptor is read before its provider is made; both must agree.
@Suite struct ProviderListTests {
  private struct StoppedTime: TimeSource {
    var now: Moment { Moment(steady: 0, wall: 0) }
  }

  private func made(_ type: any ListedProvider.Type) -> any Provider {
    type.make(
      ProviderParts(
        baseURL: type.descriptor.access?.defaultBaseURL ?? "", key: "k", account: "a", replies: NoReplies(),
        http: HTTPClient(), files: WorkQueue(), replyQueue: WorkQueue(), version: "1", time: StoppedTime()))
  }

  @Test func namesAreUniqueAndFitForVariables() {
    let names = ProviderList.descriptors.map(\.name)
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(!name.isEmpty && name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
      #expect(ProviderList.type(of: name)?.descriptor.name == name)
    }
    #expect(ProviderList.type(of: "nobody") == nil)
  }

  @Test func aProviderDoesWhatItsDescriptorSays() {
    for type in ProviderList.all {
      let (descriptor, provider) = (type.descriptor, made(type))
      #expect(provider.name == descriptor.name && provider.account == "a")
      #expect((provider.pricing != nil) == descriptor.tellsPrices, "\(descriptor.name)")
      #expect((provider.uploads != nil) == descriptor.takesUploads, "\(descriptor.name)")
      #expect((provider.history != nil) == (descriptor.history != nil), "\(descriptor.name)")
      #expect(provider.isLimited != descriptor.isFree, "\(descriptor.name)")
      #expect(provider.isEmbedded == (descriptor.access == nil), "\(descriptor.name)")
    }
  }

  /// The lifecycle recognises the free provider by its name.
  @Test func exactlyTheFreeProviderCostsNothing() {
    for descriptor in ProviderList.descriptors {
      #expect(descriptor.isFree == (descriptor.name == Prediction.freeProvider))
    }
  }
}

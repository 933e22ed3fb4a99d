import Commands
import Providers

extension CommandTable {
  /// The commands, with the program's own providers.
  static let all = CommandTable(providers: ProviderList.descriptors)
}

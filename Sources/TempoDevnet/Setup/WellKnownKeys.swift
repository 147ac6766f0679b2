/// The keys everybody derives from `test test … junk` (eleven times `test`), written out so
/// that no wallet derivation is needed here (`03` §3.1).
enum WellKnownKeys {
  /// What the tables below are derived from.
  static let mnemonic = "test test test test test test test test test test test junk"

  /// Both series, without the second one's first key, which is the first one's too.
  static func keys(_ configuration: DevnetConfiguration) throws -> [String] {
    let count = max(1, min(configuration.accountCount, 20))
    guard configuration.mnemonic != mnemonic else {
      return Array(addressSeries.prefix(count) + accountSeries.prefix(count).dropFirst())
    }
    return try derived(configuration.mnemonic, count: count)
  }

  static func derived(_ mnemonic: String, count: Int) throws -> [String] {
    let keys = try MnemonicKeys(mnemonic: mnemonic)
    let numbers = (0..<UInt32(count))
    return try numbers.map { try keys.privateKey(account: 0, address: $0) }
      + numbers.dropFirst().map { try keys.privateKey(account: $0, address: 0) }
  }

  /// `m/44'/60'/0'/0/i`: the usual series.
  static let addressSeries = [
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
    "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
    "0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e",
    "0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356",
    "0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97",
    "0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6",
    "0xf214f2b2cd398c806f84e317254e0f0b801d0643303237d97a22a48e01628897",
    "0x701b615bbdfb9de65240bc28bd21bbc0d996645a3dd57e7b12bc2bdf6f192c82",
    "0xa267530f49f8280200edf313ee7af6b827f2a8bce2897751d06a843f644967b1",
    "0x47c99abed3324a2707c28affff1267e45918ec8c3f20b8aa892e8b065d2942dd",
    "0xc526ee95bf44d8fc405a158bb884d9d1238d99f0612e9f33d006bb0789009aaa",
    "0x8166f546bab6da521a8369cab06c5d2b9e46670292d85c875ee9ec20e84ffb61",
    "0xea6c44ac03bff858b476bba40716402b03e41b8e97e276d1baec7c37d42484a0",
    "0x689af8efa8c651a91ad287602527f3af2fe9f6501a7ac4b061667b5a93e037fd",
    "0xde9be858da4a475276426320d5e9262ecfc3ba460bfac56360bfa6c4c28b4ee0",
    "0xdf57089febbacf7ba0bc227dafbffa9fc08a93fdc68e1e42411a14efcf23656e",
  ]

  /// `m/44'/60'/i'/0/0`, as mppx's tests derive; index 0 is the account that `addressSeries` begins with.
  static let accountSeries = [
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x7797c0f3db8b946604ec2039dfd9763e4ffdc53174342a2ed9b14fa3eda666a5",
    "0x19d1b9afaf5b1f79f708bd95673df2203213fdbbdafe50e70f056c2fecaa799e",
    "0xb7f8851ef62746aa7e2a549bad1c8a2ce90da684e61721b5e227ecfbae864680",
    "0x4bc2a63581f6412492ed13addf464cd583bf66dbcabde2b02bcd1a500a4580f0",
    "0x5ccbca0a3a9d7ebd2e04d64a324c11a93b1758b1534a9d26b6fb56011656a562",
    "0x614cb2f7ac0e447bafeb1aef27d4806fc6dbcae12de6713d20ce6f1127b8ed10",
    "0xe6fe1c71a70faea4c4bdf41a00221faea55315ffbfaecb8e6ab50deec8efd8a1",
    "0x42ccc2725a5069dcc56637fd2a413b2b2206b079a97582f961ed6901fde7b73e",
    "0x173ad258f230661a939a0600e52e87674d8813f5d9ed41d98d0278de200aeeb7",
    "0x39d9bd7d79d48fc17782a15c97a14e3c0c8c73d12012540a6423f435a7d4eac2",
    "0x10b238c30b6233d253261cb15bddf5478098560d18be43e4de4c68ee52c90347",
    "0x3a90dda05433e82b27a6e3aa4de09edc3f2411a2f66329351dc29a6784db39d6",
    "0xb0ff59586bd60570965517ff07ee237193e5a1125e7fe8dbcc9f697108f0ab96",
    "0x2d924e1fe6567627edb5b56c6a6f5724f96f9158a194f0f01f26b39661d413d6",
    "0x92e512700e1018eceb72e1fcb357b30f698cd5b9773a284363bd9fa49a8f22cb",
    "0x03366b6e68bd067814509f67cceb657c91ff60ea994a438772f396912300d111",
    "0x88cb87b240b2805ef17369e7e340c35863c50470963f9196cd1fa0cf9b106d47",
    "0xa54acf29653ca67e43aeb46cbd3a75e06afbcb1972e4ede779395ca014c64ed9",
    "0x6eda73dd4c95b6fb5f6f69e6b0211841689aa3d13f5b34de53e5744ce85744de",
  ]

  /// 32 × `fa`.
  static let faucet = "0x" + String(repeating: "fa", count: 32)
  /// 32 × `fe`.
  static let sponsor = "0x" + String(repeating: "fe", count: 32)
}

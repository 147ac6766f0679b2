import EVM

/// The arguments of `authorizeKey`.
struct AuthorizeKeyCall {
  var terms: KeyTerms
  /// Any call is allowed, and yet there is a list.
  let contradictsItself: Bool

  private static let restrictions = ABIType.tuple([
    .uint64, .bool, .array(.tuple([.address, .uint256, .uint64])), .bool, .array(CallScopes.abiType),
  ])

  init(_ input: Calldata, hasWitness: Bool) throws(Revert) {
    let values = try input.values([.address, .uint8, Self.restrictions] + (hasWitness ? [.bytes32] : []))
    do {
      let members = try values[2].members()
      var limits: [KeyTerms.Limit] = []
      for entry in try members[2].members() {
        let fields = try entry.members()
        limits.append(
          KeyTerms.Limit(
            token: try fields[0].address(), amount: try fields[1].uint256(), period: try fields[2].uint64()))
      }
      let allowsAnyCall = try members[3].bool()
      let scopes = try CallScopes(abi: members[4])
      contradictsItself = allowsAnyCall && !scopes.targets.isEmpty
      terms = KeyTerms(
        keyID: try values[0].address(), type: UInt8(clamping: try values[1].uint64()),
        expiry: try members[0].uint64(), limits: try members[1].bool() ? limits : nil,
        scopes: allowsAnyCall ? nil : scopes, witness: hasWitness ? try values[3].hash32() : nil)
    } catch {
      throw Revert.empty
    }
  }
}

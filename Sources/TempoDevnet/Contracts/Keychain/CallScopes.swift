import EVM

/// The calls a key may make: targets, their functions, the first argument of those (TIP-1011).
struct CallScopes: Sendable, Hashable {
  struct Rule: Sendable, Hashable {
    var selector: UInt32
    /// Empty for any.
    var recipients: [Address]
  }

  struct Target: Sendable, Hashable {
    var address: Address
    /// Empty for any function.
    var rules: [Rule]
  }

  /// Empty for no call at all.
  var targets: [Target]

  /// `transfer`, `approve` and `transferWithMemo`: the functions whose first argument can be bound.
  private static let recipientSelectors: Set<UInt32> = [0xa905_9cbb, 0x095e_a7b3, 0x9577_7d59]

  /// `02` §9.5, step 4.
  func check() throws(Revert) {
    guard Set(targets.map(\.address)).count == targets.count else { throw Revert.invalidCallScope }
    for target in targets {
      guard !target.address.isZero, Set(target.rules.map(\.selector)).count == target.rules.count else {
        throw Revert.invalidCallScope
      }
      for rule in target.rules where !rule.recipients.isEmpty {
        guard target.address.hasTokenPrefix, Self.recipientSelectors.contains(rule.selector),
          !rule.recipients.contains(.zero), Set(rule.recipients).count == rule.recipients.count
        else { throw Revert.invalidCallScope }
      }
    }
  }

  func allows(_ call: ChainTransaction.Call) -> Bool {
    guard let target = targets.first(where: { $0.address == call.to }) else { return false }
    guard !target.rules.isEmpty else { return true }
    guard let input = Calldata(call.data),
      let rule = target.rules.first(where: { $0.selector == input.selector })
    else { return false }
    guard !rule.recipients.isEmpty else { return true }
    do { return rule.recipients.contains(try input.address(0)) } catch { return false }
  }

  /// Storage items, for gas (`02` §7.3).
  var slots: UInt64 {
    guard !targets.isEmpty else { return 1 }
    let rules = targets.flatMap(\.rules)
    let recipients = rules.reduce(0) { $0 + $1.recipients.count }
    return UInt64(
      1 + 2 * targets.count + 1 + 2 * rules.count + targets.count { !$0.rules.isEmpty }
        + rules.count { !$0.recipients.isEmpty } + 2 * recipients)
  }

  // MARK: ABI

  /// `(address target, (bytes4 selector, address[] recipients)[] rules)`
  static let abiType = ABIType.tuple([
    .address, .array(.tuple([.bytes4, .array(.address)])),
  ])

  init(targets: [Target]) { self.targets = targets }

  /// From `abiType[]`.
  init(abi: ABIValue) throws(ABIError) {
    targets = []
    for entry in try abi.members() {
      let members = try entry.members()
      var target = Target(address: try members[0].address(), rules: [])
      for rule in try members[1].members() {
        let parts = try rule.members()
        var recipients: [Address] = []
        for recipient in try parts[1].members() { recipients.append(try recipient.address()) }
        let selector = try parts[0].bytes().reduce(0) { $0 << 8 | UInt32($1) }
        target.rules.append(Rule(selector: selector, recipients: recipients))
      }
      targets.append(target)
    }
  }

  var abi: ABIValue {
    .array(
      targets.map { target in
        let rules = target.rules.map { rule in
          ABIValue.tuple([
            .fixedBytes(Words.selector(rule.selector)), .array(rule.recipients.map(ABIValue.address)),
          ])
        }
        return .tuple([.address(target.address), .array(rules)])
      })
  }

  /// What names the scopes in storage.
  var digest: Hash32 {
    var bytes: [UInt8] = []
    for target in targets {
      bytes += target.address.bytes + Words.encode(UInt256(UInt64(target.rules.count)))
      for rule in target.rules {
        bytes += Words.selector(rule.selector) + Words.encode(UInt256(UInt64(rule.recipients.count)))
        for recipient in rule.recipients { recipient.append(to: &bytes) }
      }
    }
    return Keccak256.hash([0x73] + bytes)
  }
}

public import EVM

/// A call of the channel reserve. `init(calldata:)` accepts exactly what `calldata()` writes: trailing bytes,
/// unusual offsets and dirty padding are refused, so that what was checked is what is executed.
public enum ChannelReserveCall: Sendable, Hashable {
  /// Opens a channel; see ``ChannelReserveABI/open``.
  case open(Open)
  /// Pays the payee up to the voucher's amount. Base units in total.
  case settle(ChannelDescriptor, cumulativeAmount: UInt128, signature: [UInt8])
  /// Raises the deposit by base units; zero cancels a close request.
  case topUp(ChannelDescriptor, additionalDeposit: UInt128)
  /// Pays, refunds and ends. Base units in total; the signature is over `cumulativeAmount`.
  case close(
    ChannelDescriptor, cumulativeAmount: UInt128, captureAmount: UInt128, signature: [UInt8])
  /// The payer starts the grace period.
  case requestClose(ChannelDescriptor)
  /// The payer takes the rest after the grace period.
  case withdraw(ChannelDescriptor)
  /// Reads descriptor and state.
  case getChannel(ChannelDescriptor)
  /// Reads the state by id.
  case getChannelState(Hash32)
  /// Reads several states, in order.
  case getChannelStatesBatch([Hash32])
  /// Asks for the id of a descriptor.
  case computeChannelID(ChannelDescriptor)
  /// Asks for the digest of a voucher.
  case getVoucherDigest(Voucher)
  /// Asks for the domain of vouchers.
  case domainSeparator
  /// Asks for the grace period, in seconds.
  case closeGracePeriod
  /// Asks for the type of vouchers.
  case voucherTypeHash

  /// The arguments of `open`. The payer is the sender, and the nonce hash is the transaction's.
  public struct Open: Sendable, Hashable {
    /// Receives settlements; the reserve refuses zero and addresses of tokens.
    public let payee: Address
    /// May settle and close beside the payee; zero means nobody.
    public let `operator`: Address
    /// The TIP-20 token of the deposit.
    public let token: Address
    /// Base units.
    public let deposit: UInt128
    /// Tells apart two otherwise equal opens of one transaction; the second of two equal ones reverts.
    public let salt: Hash32
    /// Signs vouchers; zero means the payer does.
    public let authorizedSigner: Address

    /// - Parameter deposit: base units, above zero. More than 2^96 − 1 throws when the call is encoded.
    public init(
      payee: Address, operator: Address, token: Address, deposit: UInt128, salt: Hash32,
      authorizedSigner: Address
    ) {
      self.payee = payee
      self.operator = `operator`
      self.token = token
      self.deposit = deposit
      self.salt = salt
      self.authorizedSigner = authorizedSigner
    }

    /// The channel that this call opens when `payer` sends it in a transaction with `expiringNonceHash`.
    public func descriptor(payer: Address, expiringNonceHash: Hash32) -> ChannelDescriptor {
      ChannelDescriptor(
        payer: payer, payee: payee, operator: `operator`, token: token, salt: salt,
        authorizedSigner: authorizedSigner, expiringNonceHash: expiringNonceHash)
    }
  }

  /// Selector and arguments. Throws `amountOutOfRange` for an amount above 2^96 − 1.
  public func calldata() throws(TempoError) -> [UInt8] {
    try ABIReader.encode(function, arguments)
  }

  /// Throws `abi` for an unknown selector and for every encoding that is not the canonical one.
  public init(calldata: [UInt8]) throws(TempoError) {
    guard let function = ChannelReserveABI.functions.first(where: { $0.matches(calldata) }) else {
      throw .abi("unknown function of the channel reserve")
    }
    var arguments = try ABIReader.decode(function, calldata)
    switch function {
    case ChannelReserveABI.open:
      self = .open(
        Open(
          payee: try arguments.address(), operator: try arguments.address(),
          token: try arguments.address(), deposit: try arguments.uint128(), salt: try arguments.hash(),
          authorizedSigner: try arguments.address()))
    case ChannelReserveABI.settle:
      self = .settle(
        try ChannelReserveABI.descriptor(try arguments.nested()),
        cumulativeAmount: try arguments.uint128(), signature: try arguments.bytes())
    case ChannelReserveABI.topUp:
      self = .topUp(
        try ChannelReserveABI.descriptor(try arguments.nested()),
        additionalDeposit: try arguments.uint128())
    case ChannelReserveABI.close:
      self = .close(
        try ChannelReserveABI.descriptor(try arguments.nested()),
        cumulativeAmount: try arguments.uint128(), captureAmount: try arguments.uint128(),
        signature: try arguments.bytes())
    default:
      self = try Self.decodeRest(function, arguments)
    }
  }

  private static func decodeRest(
    _ function: ABIFunction, _ values: ABIReader.Arguments
  ) throws(TempoError) -> ChannelReserveCall {
    var arguments = values
    switch function {
    case ChannelReserveABI.requestClose:
      return .requestClose(try ChannelReserveABI.descriptor(try arguments.nested()))
    case ChannelReserveABI.withdraw:
      return .withdraw(try ChannelReserveABI.descriptor(try arguments.nested()))
    case ChannelReserveABI.getChannel:
      return .getChannel(try ChannelReserveABI.descriptor(try arguments.nested()))
    case ChannelReserveABI.getChannelState: return .getChannelState(try arguments.hash())
    case ChannelReserveABI.getChannelStatesBatch:
      var members = ABIReader.Arguments(try arguments.members(), function.name)
      var channelIDs: [Hash32] = []
      while !members.isEmpty { channelIDs.append(try members.hash()) }
      return .getChannelStatesBatch(channelIDs)
    case ChannelReserveABI.computeChannelId:
      return .computeChannelID(try ChannelReserveABI.descriptor(arguments))
    case ChannelReserveABI.getVoucherDigest:
      return .getVoucherDigest(
        try Voucher(channelID: try arguments.hash(), cumulativeAmount: try arguments.uint128()))
    case ChannelReserveABI.domainSeparator: return .domainSeparator
    case ChannelReserveABI.closeGracePeriod: return .closeGracePeriod
    default: return .voucherTypeHash
    }
  }

  private var function: ABIFunction {
    switch self {
    case .open: ChannelReserveABI.open
    case .settle: ChannelReserveABI.settle
    case .topUp: ChannelReserveABI.topUp
    case .close: ChannelReserveABI.close
    case .requestClose: ChannelReserveABI.requestClose
    case .withdraw: ChannelReserveABI.withdraw
    case .getChannel: ChannelReserveABI.getChannel
    case .getChannelState: ChannelReserveABI.getChannelState
    case .getChannelStatesBatch: ChannelReserveABI.getChannelStatesBatch
    case .computeChannelID: ChannelReserveABI.computeChannelId
    case .getVoucherDigest: ChannelReserveABI.getVoucherDigest
    case .domainSeparator: ChannelReserveABI.domainSeparator
    case .closeGracePeriod: ChannelReserveABI.closeGracePeriod
    case .voucherTypeHash: ChannelReserveABI.voucherTypeHash
    }
  }

  private var arguments: [ABIValue] {
    switch self {
    case .open(let open):
      [
        .address(open.payee), .address(open.operator), .address(open.token), .uint(open.deposit),
        .bytes32(open.salt), .address(open.authorizedSigner),
      ]
    case .settle(let descriptor, let cumulativeAmount, let signature):
      [ChannelReserveABI.value(descriptor), .uint(cumulativeAmount), .bytes(signature)]
    case .topUp(let descriptor, let additionalDeposit):
      [ChannelReserveABI.value(descriptor), .uint(additionalDeposit)]
    case .close(let descriptor, let cumulativeAmount, let captureAmount, let signature):
      [
        ChannelReserveABI.value(descriptor), .uint(cumulativeAmount), .uint(captureAmount),
        .bytes(signature),
      ]
    case .requestClose(let descriptor), .withdraw(let descriptor), .getChannel(let descriptor):
      [ChannelReserveABI.value(descriptor)]
    case .getChannelState(let channelID): [.bytes32(channelID)]
    case .getChannelStatesBatch(let channelIDs): [.array(channelIDs.map { .bytes32($0) })]
    case .computeChannelID(let descriptor): ChannelReserveABI.members(descriptor)
    case .getVoucherDigest(let voucher): [.bytes32(voucher.channelID), .uint(voucher.cumulativeAmount)]
    case .domainSeparator, .closeGracePeriod, .voucherTypeHash: []
    }
  }
}

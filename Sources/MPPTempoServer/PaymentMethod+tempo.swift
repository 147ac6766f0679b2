public import EVM
public import MPPServer
public import TempoRPC

extension PaymentMethod {
  /// Tempo sessions with all options.
  public static func tempo(_ options: TempoSessionOptions) -> PaymentMethod {
    PaymentMethod { environment in try TempoSessionMethod.methods(options, environment) }
  }

  /// Tempo charges with all options.
  public static func tempoCharge(_ options: TempoChargeOptions) -> PaymentMethod {
    PaymentMethod { environment in [try TempoChargeMethod(options, environment)] }
  }

  /// Tempo sessions and charges paid to `signer`, which also settles and closes.
  /// - Parameters:
  ///   - transport: the way to a node of the chain.
  ///   - settlement: when to settle without being asked.
  public static func tempo(
    signer: any Signer, transport: any RPCTransport, chainID: UInt64, currency: String? = nil,
    settlement: SettlementSchedule? = nil
  ) -> PaymentMethod {
    var options = TempoSessionOptions(signer: signer, transport: transport, chainID: chainID)
    options.currency = currency
    options.settlement = settlement
    return tempo(sessions: options)
  }

  /// Sessions, and charges of the same payee in the same token.
  static func tempo(
    sessions options: TempoSessionOptions, feePayer: FeePayerOptions? = nil
  ) -> PaymentMethod {
    PaymentMethod { environment in
      var charges = TempoChargeOptions(
        transport: options.transport, chainID: options.chainID, recipient: options.payee)
      charges.currency = options.currency
      charges.decimals = options.decimals
      charges.feePayer = feePayer ?? options.feePayer
      return try TempoSessionMethod.methods(options, environment) + [TempoChargeMethod(charges, environment)]
    }
  }

  #if Client
    /// As `tempo(signer:transport:chainID:currency:settlement:)`, over HTTP.
    /// - Parameter rpc: address of the node, for example `https://rpc.moderato.tempo.xyz`.
    public static func tempo(
      signer: any Signer, rpc: String, chainID: UInt64, currency: String? = nil,
      settlement: SettlementSchedule? = nil
    ) -> PaymentMethod {
      tempo(
        signer: signer, transport: AsyncHTTPRPCTransport(url: rpc), chainID: chainID, currency: currency,
        settlement: settlement)
    }
  #endif
}

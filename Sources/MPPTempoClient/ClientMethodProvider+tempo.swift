public import EVM
public import MPPClient

extension ClientMethodProvider {
  /// Pays Tempo sessions (TIP-1034 payment channels) and charges, and proves the account where the price is zero.
  /// - Parameters:
  ///   - account: the payer; deposits come from it and return to it.
  ///   - network: the one chain that is paid on.
  public static func tempo(
    _ account: TempoAccount, network: TempoNetwork, options: TempoSessionOptions = TempoSessionOptions(),
    charges: TempoChargeOptions = TempoChargeOptions()
  ) -> ClientMethodProvider {
    ClientMethodProvider { environment in
      let chain = try PayingChain(
        network: network, account: PayingAccount(account, sleeper: options.sleeper), environment: environment,
        sleeper: options.sleeper)
      return [
        TempoSessionMethod(
          manager: SessionManager(chain: chain, options: options, environment: environment)),
        TempoChargeMethod(payer: ChargePayer(chain: chain, options: charges, environment: environment)),
      ]
    }
  }

  #if Client
    /// Pays Tempo sessions, asking the node at `rpc`.
    public static func tempo(
      signer: any Signer, rpc: String, chainID: UInt64? = nil,
      options: TempoSessionOptions = TempoSessionOptions()
    ) -> ClientMethodProvider {
      .tempo(.signer(signer), network: .rpc(rpc, chainID: chainID), options: options)
    }
  #endif
}

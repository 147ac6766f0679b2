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
      let account = PayingAccount(account, sleeper: options.sleeper)
      return [
        TempoSessionMethod(
          manager: try SessionManager(
            account: account, network: network, options: options, environment: environment)),
        TempoChargeMethod(
          payer: try ChargePayer(
            account: account, network: network, options: charges, environment: environment)),
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

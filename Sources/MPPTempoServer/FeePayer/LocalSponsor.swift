import EVM
import Tempo
import TempoRPC

/// A sponsor whose key is here.
struct LocalSponsor: Sendable {
  let signer: any Signer
  let address: Address
  let client: ChainClient

  init(_ signer: any Signer, _ client: ChainClient) {
    self.signer = signer
    self.client = client
    address = signer.address
  }

  /// The token of the fee, and the second dry run, which carries no signature.
  func chooseToken(
    _ transaction: SponsorableTransaction, of allowed: [Address]
  ) async throws(SponsorError) -> Address {
    do {
      let token = try await funded(transaction, allowed)
      try await client.simulate(transaction.quoted(in: token), from: transaction.signer, feePayer: address)
      return token
    } catch {
      throw .chain(error)
    }
  }

  /// The final transaction.
  func sign(
    _ transaction: SponsorableTransaction, _ token: Address
  ) async throws -> SignedTempoTransaction {
    let digest = transaction.signed.transaction.feePayerHash(sender: transaction.sender, feeToken: token)
    let bytes = try await signer.sign(digest)
    guard case .secp256k1(let signature) = try PrimitiveSignature(parsing: bytes) else {
      throw TempoError.signature(.unsupportedKind)
    }
    let signed = try transaction.signed.completed(feeToken: token, feePayerSignature: signature)
    guard try signed.recoverFeePayer(sender: transaction.sender) == address else {
      throw TempoError.rule(.senderMismatch)
    }
    return signed
  }

  /// The first allowed token that covers the highest fee.
  private func funded(
    _ transaction: SponsorableTransaction, _ allowed: [Address]
  ) async throws(ChainError) -> Address {
    for token in allowed {
      if try await client.canPay(transaction, in: token, account: address) { return token }
    }
    throw ChainError(.rejected, "the sponsor has no allowed token that covers the fee")
  }
}

extension ChainClient {
  /// Whether an account has the highest fee of a transaction; false for what is not a token.
  func canPay(
    _ transaction: SponsorableTransaction, in token: Address, account: Address
  ) async throws(ChainError) -> Bool {
    do {
      return try await balance(of: account, token: token) >= transaction.maximumFeeUnits
    } catch {
      guard error.code == .reverted || error.code == .invalidAnswer else { throw error }
      return false
    }
  }
}

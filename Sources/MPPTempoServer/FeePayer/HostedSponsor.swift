import EVM
import Tempo
import TempoRPC

/// A sponsor that is asked over the network. Nothing of its answer is believed: the transaction stays as it was handed over, the token is
/// one of the allowed, and the signature is by somebody who may and can pay (`02` §6.5).
struct HostedSponsor: Sendable {
  let host: FeePayerHostClient
  /// Who must have signed; nil: anybody but the sender.
  let expected: Address?
  let client: ChainClient

  /// The final transaction, after the second dry run: only now is it known who pays, and in what. Nothing was sent when it throws; a
  /// signature that comes too late stays here.
  func sign(
    _ transaction: SponsorableTransaction, of allowed: [Address]
  ) async throws(SponsorError) -> SignedTempoTransaction {
    let fill: FeePayerFill
    do {
      fill = try await host.fill(transaction.signed.transaction, from: transaction.sender)
    } catch {
      throw .host(error)
    }
    guard allowed.contains(fill.feeToken) else { throw .host(.feeToken(fill.feeToken)) }
    let (signed, sponsor) = try complete(transaction, fill)
    guard sponsor == expected ?? sponsor else { throw .host(.signer(sponsor)) }
    let isFunded: Bool
    do {
      // A signature over anything else is by nobody, who has nothing.
      isFunded = try await client.canPay(transaction, in: fill.feeToken, account: sponsor)
      if isFunded {
        try await client.simulate(
          transaction.quoted(in: fill.feeToken), from: transaction.signer, feePayer: sponsor)
      }
    } catch {
      throw .chain(error)
    }
    guard isFunded else { throw .host(.unfunded(sponsor)) }
    return signed
  }

  /// The transaction as it was handed over, with token and signature, and who has signed.
  private func complete(
    _ transaction: SponsorableTransaction, _ fill: FeePayerFill
  ) throws(SponsorError) -> (SignedTempoTransaction, Address) {
    do throws(TempoError) {
      let signed = try transaction.signed.completed(
        feeToken: fill.feeToken, feePayerSignature: fill.signature)
      guard let sponsor = try signed.recoverFeePayer(sender: transaction.sender) else {
        throw .signature(.missing)
      }
      return (signed, sponsor)
    } catch {
      throw .host(error == .rule(.selfSponsored) ? .selfSponsored : .signature)
    }
  }
}

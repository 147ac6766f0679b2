public import MPPCore

/// Bounds and timeouts of a client. Every wait has an end.
public struct ClientOptions: Sendable, Hashable {
  /// Requests sent with a credential for one logical request, at most.
  public var maximumPaymentAttempts = 3
  /// Until the head of an answer arrives; a demand for payment, its body too.
  public var requestTimeout: Duration = .seconds(60)
  /// Until the head of an answer to a paid request arrives, and the whole answer to a top-up or a close; a block has to be made
  /// meanwhile.
  public var chainActionTimeout: Duration = .seconds(90)
  /// Requests that travel at once on one channel; further ones wait their turn.
  public var requestsInFlightPerChannel = 16
  /// Requests that wait for one channel at once; a further one fails with `overloaded`.
  public var waitingRequestsPerChannel = 256
  /// Body of a 402 or of a problem that is read, in bytes.
  public var maximumProblemBody = 64 * 1024
  /// Challenges looked at in one answer.
  public var maximumChallenges = 64

  /// How gladly to pay in one way, by `method/intent`, such as `["tempo/session": .full]`; ways that are not named have full weight,
  /// those with `.none` are never used. Between ways of equal weight the server's order decides.
  public var preferences: [String: PaymentWeight] = [:]
  /// Tell servers in `Accept-Payment` what this client can pay with. A request that has the field already keeps it, and is paid by it.
  public var sendsAcceptPayment = true

  /// The defaults stated beside each option: 3 attempts, 60 s and 90 s, 16 requests in flight and 256 waiting
  /// per channel.
  public init() {}
}

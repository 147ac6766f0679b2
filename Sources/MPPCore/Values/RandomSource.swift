/// Where random bytes come from. Everything that needs randomness takes one, so that tests can repeat a run.
public protocol RandomSource: Sendable {
  /// `count` bytes that nobody can predict.
  func fill(_ count: Int) -> [UInt8]
}

/// The operating system's cryptographic random numbers.
public struct SystemRandomSource: RandomSource {
  /// Has no state of its own; copies are as good.
  public init() {}

  /// - Parameter count: bytes; zero gives none.
  public func fill(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 7)
    while bytes.count < count {
      withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
    }
    bytes.removeLast(bytes.count - max(count, 0))
    return bytes
  }
}

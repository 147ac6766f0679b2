package import MPPCore
import Synchronization
package import Tempo

/// Texts of channel descriptors that were read lately, and what they say. A payer sends one descriptor with every voucher: the same
/// bytes need not be read again.
///
/// Nothing is decided here: a text that is found, byte for byte, says what it said before, and everything is checked each time.
/// Bounded: a place holds one text of limited length, and a newer one takes it over.
package final class KnownDescriptors: Sendable {
  /// Bytes at the beginning of a text that its place is found by.
  private static let window = 128
  private static let longestText = 1024
  private static let stripes = 16
  private static let places = 128

  private final class Known: Sendable {
    let text: [UInt8]
    let descriptor: ChannelDescriptor

    init(_ text: [UInt8], _ descriptor: ChannelDescriptor) {
      self.text = text
      self.descriptor = descriptor
    }
  }

  private final class Stripe: Sendable {
    let places = Mutex([Known?](repeating: nil, count: KnownDescriptors.places))
  }

  private let stripes = (0..<KnownDescriptors.stripes).map { _ in Stripe() }
  /// Random for each process: places cannot be foreseen from outside.
  private let seed = UInt64(truncatingIfNeeded: Hasher().finalize())

  package init() {}

  /// The descriptor the scanner stands on, passed over; as `read` reads it when its text is not known.
  func read(
    _ scanner: inout PlainObjectScanner, _ read: (inout PlainObjectScanner) -> ChannelDescriptor?
  ) -> ChannelDescriptor? {
    guard let fingerprint = scanner.fingerprint(window: Self.window, seed: seed) else {
      return read(&scanner)
    }
    if let known = place(fingerprint, { $0 }), scanner.pass(known.text) { return known.descriptor }
    let start = scanner.offset
    guard let descriptor = read(&scanner) else { return nil }
    let text = scanner.text[start..<scanner.offset]
    guard text.count <= Self.longestText else { return descriptor }
    let known = Known(Array(text), descriptor)
    place(fingerprint) { $0 = known }
    return descriptor
  }

  @discardableResult
  private func place<T: Sendable>(_ fingerprint: UInt64, _ body: (inout Known?) -> T) -> T {
    stripes[Int(fingerprint >> 60)].places.withLock { places in
      body(&places[Int(truncatingIfNeeded: fingerprint & UInt64(Self.places - 1))])
    }
  }
}

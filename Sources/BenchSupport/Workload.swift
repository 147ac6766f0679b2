/// A pure operation of the protocol on typical bytes. Beside it a plain copy of the same bytes is measured: the least that anything which
/// touches them all can cost.
package struct Workload: Sendable {
  /// As it is named on the command line and in `Benchmarks/thresholds.json`.
  package let name: String
  package let title: String
  /// What is read or written.
  package let bytes: [UInt8]
  /// Returns something that depends on the result, or the optimiser would leave the work out.
  package let run: @Sendable () throws -> Int

  package init(
    _ name: String, _ title: String, bytes: [UInt8], run: @escaping @Sendable () throws -> Int
  ) {
    self.name = name
    self.title = title
    self.bytes = bytes
    self.run = run
  }

  /// Copies the bytes into `target`, which has room for them.
  package func copy(to target: inout [UInt8]) -> Int {
    target.withUnsafeMutableBytes { target in
      bytes.withUnsafeBytes { target.copyMemory(from: $0) }
    }
    return Int(target[bytes.count / 2])
  }
}

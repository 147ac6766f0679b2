import Foundation
import FuzzTargets
import Testing

/// The fuzz targets without a fuzzer: every input of the corpus, then a fixed number of seeded mutations of them.
@Suite struct CorpusTests {
  @Test(arguments: FuzzTarget.allCases) func theCorpusHoldsItsProperties(_ target: FuzzTarget) throws {
    let corpus = try Corpus.inputs(of: target)
    for (name, bytes) in corpus {
      do { try target.run(bytes) } catch { Issue.record("\(target.rawValue)/\(name): \(error)") }
    }
    print("corpus \(target.rawValue): \(corpus.count) inputs")
  }

  @Test(arguments: FuzzTarget.allCases) func mutatedInputsHoldTheProperties(_ target: FuzzTarget) throws {
    let seed = Seed.value
    var mutator = Mutator(seed: seed, corpus: try Corpus.inputs(of: target).map(\.bytes))
    for round in 0..<2_000 {
      let bytes = mutator.next()
      do {
        try target.run(bytes)
      } catch {
        Issue.record("\(target.rawValue), seed \(seed), round \(round): \(error), input \(hex(bytes))")
        return
      }
    }
  }

  @Test func everyFolderOfTheCorpusHasATarget() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Corpus.folder.path)
    let targets = Set(FuzzTarget.allCases.map(\.rawValue))
    #expect(Set(folders.filter { !$0.hasPrefix(".") }) == targets)
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.prefix(4096).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

enum Corpus {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fuzz/Corpus")

  static func inputs(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
    let folder = folder.appendingPathComponent(target.rawValue)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    let inputs = try names.map { name in
      (name: name, bytes: [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))))
    }
    try #require(!inputs.isEmpty, "no corpus for \(target.rawValue)")
    return inputs
  }
}

/// `MPP_SEED` repeats a run; a failure prints the seed.
enum Seed {
  static let value: UInt64 =
    ProcessInfo.processInfo.environment["MPP_SEED"].flatMap { UInt64($0) } ?? 20_260_102
}

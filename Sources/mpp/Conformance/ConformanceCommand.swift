import ArgumentParser
import MPPConformance
import MPPCore

struct ConformanceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Answer a conformance harness: JSON requests on stdin, JSON answers on stdout.",
    discussion: """
      A request is {"schema":1,"op":"challenge.parse","input":{…}}; the answer is {"ok":true,"value":…} or \
      {"ok":false,"error":{"type":…,"message":…}}. The exit code is 0 either way. docs/conformance.md has the operations.
      """)

  @Flag(help: "One request per line, one answer per line, until stdin ends.")
  var stream = false

  func run() async throws {
    var reader = RequestReader(isStream: stream)
    while let request = reader.next() {
      let answer =
        switch request {
        case .tooLarge: ConformanceAnswer.tooLarge
        case .bytes(let bytes):
          await ConformanceAnswer.answer(to: bytes) { try await HTTPPaymentOperation($0).run() }
        }
      Output.json(answer)
      guard stream, !Output.isClosed else { return }
    }
  }
}

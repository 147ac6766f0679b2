@testable import MPPCore

/// Problem documents of a server.
enum ProblemProperties {
  static func check(_ bytes: [UInt8]) throws {
    guard let document = try? JSONValue(parsing: bytes), let problem = PaymentProblem(document: document)
    else { return }
    try require(
      document["type"]?.stringValue?.hasBytes(of: problem.type) == true, "the code is not that of the type")
    let body = problem.body()
    guard let again = PaymentProblem(document: body) else {
      throw FuzzViolation("our own problem document cannot be read")
    }
    try require(again.body() == body, "parse ∘ body changes a problem")
  }
}

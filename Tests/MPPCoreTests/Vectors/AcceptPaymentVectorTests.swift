import MPPCore
import TestSupport
import Testing

@Test func acceptPaymentVectors() throws {
  var tally = try Tally(.acceptPayment)
  try tally.each("parse", parse)
  try tally.each("resolve", resolve)
  try tally.each("rank", rank)
  try tally.each("select", select)
  try tally.finish()
}

/// No public case shows it.
@Test func aBadPreferenceAmongGoodOnesIsADeclaredDifference() throws {
  let error: JSONValue = ["name": "Error", "message": "invalid"]
  for header in ["tempo/charge;q=2, evm/charge", "x, tempo/session;q=0.5", "tempo/charge, té/charge, evm/*"] {
    let vector = VectorCase(label: header, value: ["header": .string(header), "error": error])
    try parse(vector)
    #expect(vector.takeDifferences() == [.brokenPreferenceSkipped], "\(header)")
  }
  let hopeless = VectorCase(label: "hopeless", value: ["header": "x, /", "error": error])
  try parse(hopeless)
  #expect(hopeless.takeDifferences().isEmpty)
}

private func parse(_ vector: VectorCase) throws {
  try vector.expectMembers(["header", "result", "error"])
  let header = try vector.string("header")
  guard vector.error != nil else {
    try Tally.expect(
      entries(try AcceptPayment(parsing: header)), entries(try vector.require("result")), "entries")
    return
  }
  // Every entry alone: those that can be read are what a header with a bad one is worth to us.
  let alone = header.split(separator: ",").compactMap { try? AcceptPayment(parsing: String($0)) }
  guard !alone.isEmpty else {
    try Tally.expectRejected("header") { try AcceptPayment(parsing: header) }
    return
  }
  vector.differs(.brokenPreferenceSkipped)
  try Tally.expect(try AcceptPayment(parsing: header).entries, alone.flatMap(\.entries), "entries")
}

private func resolve(_ vector: VectorCase) throws {
  try vector.expectMembers(["methods", "config", "result", "error"])
  let methods = try pairs(vector, "methods")
  let make = {
    var preferences: [String: PaymentWeight] = [:]
    for member in vector["config"]?.objectValue ?? [] {
      guard let value = number(member.value), let weight = PaymentWeight(value) else {
        throw VectorError("weight of \(member.key)")
      }
      preferences[member.key] = weight
    }
    return try AcceptPayment(methods: methods, preferences: preferences)
  }
  guard vector.error == nil else {
    try Tally.expectRejected("config", make)
    return
  }
  let accept = try make()
  let result = try vector.require("result")
  try Tally.expect(entries(accept), entries(result["entries"] ?? .null), "entries")
  try Tally.expect(accept.headerValue, result["header"]?.stringValue, "header")
  try Tally.expect(try AcceptPayment(parsing: accept.headerValue), accept, "read again")
}

private func rank(_ vector: VectorCase) throws {
  try vector.expectMembers(["header", "offers", "ranked"])
  let accept = try AcceptPayment(parsing: try vector.string("header"))
  let ranked = accept.rank(try pairs(vector, "offers")) { $0 }
  try Tally.expect(ranked.map(name), try pairs(vector, "ranked").map(name), "ranked")
}

private func select(_ vector: VectorCase) throws {
  try vector.expectMembers(["header", "challenges", "methods", "candidates"])
  let accept = try AcceptPayment(parsing: try vector.string("header"))
  let selection = accept.select(
    try pairs(vector, "challenges"), methods: try pairs(vector, "methods"), offerKey: { $0 },
    methodKey: { $0 })
  let expected = (try vector.require("candidates").arrayValue ?? []).compactMap(\.stringValue)
  try Tally.expect(selection.map { "\(name($0.offer))#\($0.index)" }, expected, "candidates")
  try Tally.expect(selection.map { name($0.offer) }, selection.map { name($0.method) }, "methods")
}

private func entries(_ accept: AcceptPayment) -> [String] {
  accept.entries.map { "\($0.method)/\($0.intent) \($0.weight.thousandths)" }
}

/// The entries of the reference, whose weights are JSON numbers. The index is the position.
private func entries(_ value: JSONValue) throws -> [String] {
  try (value.arrayValue ?? []).enumerated().map { index, entry in
    guard let method = entry["method"]?.stringValue, let intent = entry["intent"]?.stringValue,
      let weight = entry["q"].flatMap(number), entry["index"]?.intValue == Int64(index)
    else { throw VectorError("entry \(entry)") }
    return "\(method)/\(intent) \(Int((weight * 1000).rounded()))"
  }
}

private func pairs(_ vector: VectorCase, _ key: String) throws -> [(method: String, intent: String)] {
  try (try vector.require(key).arrayValue ?? []).map { pair in
    guard let method = (pair["method"] ?? pair["name"])?.stringValue, let intent = pair["intent"]?.stringValue
    else { throw VectorError("pair \(pair)") }
    return (method, intent)
  }
}

private func name(_ pair: (method: String, intent: String)) -> String { "\(pair.method)/\(pair.intent)" }

private func number(_ value: JSONValue) -> Double? {
  switch value {
  case .integer(let integer): Double(integer)
  case .number(let number): number
  default: nil
  }
}

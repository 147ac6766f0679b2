import MPPCore
import TestSupport
import Testing

@Test func receiptVectors() throws {
  var tally = try Tally(.receipt)
  for vector in try tally.file.group("serialize") {
    tally.run(vector) {
      try vector.expectMembers(["name", "receipt", "header"])
      let value = try vector.require("receipt")
      try roundTrip(try vector.string("header"), value)
      let parsed = try Receipt(members: value.objectValue ?? [])
      let receipt = try Receipt(
        method: parsed.method, reference: parsed.reference, timestamp: parsed.timestamp,
        externalID: parsed.externalID, subscriptionID: parsed.subscriptionID, extra: parsed.extra)
      try Tally.expect(receipt.serialized(), try vector.string("header"), "header")
    }
  }
  for vector in try tally.file.group("parse") {
    tally.run(vector) {
      try vector.expectMembers(["name", "header", "result", "error"])
      let header = try vector.string("header")
      if vector.error != nil {
        try Tally.expectRejected("header") { try Receipt(parsing: header) }
      } else {
        let receipt = try Receipt(parsing: header)
        try Tally.expect(receipt.value, try vector.require("result"), "result")
      }
    }
  }
  try tally.finish()
}

/// The session groups are the business of the session receipt, which counts them; here they show that the base
/// receipt keeps every byte of a receipt that a method has extended.
@Test func sessionReceiptsSurviveTheBaseReceipt() throws {
  let file = try VectorFile.load("receipt.json")
  for vector in try file.group("sessionCreate") {
    try roundTrip(try vector.string("header"), try vector.require("receipt"))
  }
  for vector in try file.group("sessionParse") where vector.error == nil {
    try roundTrip(try vector.string("header"), try vector.require("result"))
  }
}

private func roundTrip(_ header: String, _ value: JSONValue) throws {
  let receipt = try Receipt(parsing: header)
  try Tally.expect(receipt.value, value, "members")
  try Tally.expect(receipt.method, value["method"]?.stringValue ?? "", "method")
  try Tally.expect(receipt.reference, value["reference"]?.stringValue ?? "", "reference")
  try Tally.expect(receipt.timestamp, value["timestamp"]?.stringValue ?? "", "timestamp")
  try Tally.expect(receipt.externalID, value["externalId"]?.stringValue, "externalId")
  try Tally.expect(receipt.challengeID, value["challengeId"]?.stringValue, "challengeId")
  try Tally.expect(receipt.serialized(), header, "serialised again")
}

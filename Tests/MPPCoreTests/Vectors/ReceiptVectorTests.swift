import MPPCore
import TestSupport
import Testing

/// The session groups are the business of the session receipt; here they show that the base receipt keeps
/// every byte of a receipt that a method has extended.
@Test func receiptVectors() throws {
  let file = try VectorFile.load("receipt.json")
  try file.expectGroups(["serialize", "parse", "sessionCreate", "sessionParse"])
  var tally = Tally(file)
  for vector in try file.group("serialize") {
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
  for vector in try file.group("parse") {
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
  for vector in try file.group("sessionCreate") {
    tally.run(vector) { try roundTrip(try vector.string("header"), try vector.require("receipt")) }
  }
  for vector in try file.group("sessionParse") where vector.error == nil {
    tally.run(vector) { try roundTrip(try vector.string("header"), try vector.require("result")) }
  }
  try tally.finish()
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

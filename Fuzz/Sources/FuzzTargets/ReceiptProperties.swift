@testable import MPPCore
@testable import MPPTempo

/// `Payment-Receipt`, of any method and of sessions.
enum ReceiptProperties {
  static func check(_ bytes: [UInt8]) throws {
    let header =
      bytes.first == UInt8(ascii: "{") ? Base64URL.encode(bytes) : String(decoding: bytes, as: UTF8.self)
    if let receipt = try? Receipt(parsing: header) {
      let written = receipt.serialized()
      if written.utf8.count <= Receipt.maximumCharacters {
        let again = try Receipt(parsing: written)
        try require(again == receipt, "parse ∘ serialize changes a receipt")
        try require(again.serialized() == written, "the written receipt is not stable")
      }
      try require(receipt.status == "success" && !receipt.timestamp.isEmpty, "a receipt without base fields")
      _ = receipt.extra
    }
    if let receipt = try? SessionReceipt(headerValue: header) {
      let written = receipt.headerValue()
      guard written.utf8.count <= SessionReceipt.maxHeaderBytes else { return }
      try require(
        try SessionReceipt(headerValue: written) == receipt, "parse ∘ serialize changes a session receipt")
    }
  }
}

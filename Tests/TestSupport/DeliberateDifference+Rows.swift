extension DeliberateDifference {
  public var row: Row {
    switch self {
    case .jsonDuplicateKeys:
      Row(
        "canonical-json.json", ["cases"], "`{\"a\":1,\"a\":2}`: an object with a key twice",
        "refused: two readers could see two values", "`01` §2.2, §4.4")
    case .jsonLoneSurrogates:
      Row(
        "canonical-json.json", ["cases"], "half a surrogate pair",
        "refused, as RFC 8785 says", "`01` §2.2, §4.4")
    case .challengeNotIssuable:
      Row(
        "challenge-id.json", ["create", "verify"],
        "control characters, `|` or non-ASCII in what the id covers",
        "neither issued nor recognised; the bare MAC is the same", "`01` §3.2, §4.4")
    case .headerNotIssuable:
      Row(
        "www-authenticate.json", ["serialize"], "control characters, `|` or non-ASCII in what the id covers",
        "not issued; the bare serialiser is the same", "`01` §3.2, §4.4")
    case .latin1Escaped:
      Row(
        "www-authenticate.json", ["serialize"], "descriptions with U+0080–U+00FF",
        "written `\\u00xx` instead of the raw octet; read back the same", "`01` §3.2")
    case .brokenChallengeSkipped:
      Row(
        "www-authenticate.json", ["parseList"], "a broken challenge among good ones",
        "the good ones, and a diagnostic", "`01` §3.3")
    case .brokenPreferenceSkipped:
      Row(
        "accept-payment.json", ["parse"], "a bad entry among good ones",
        "the entry is dropped, not the header", "`01` §8", publicGroups: [])
    case .sourceNotText:
      Row(
        "credential.json", ["parse"], "a `source` that is no string",
        "refused", "`01` §5.1")
    case .upperCaseMethod:
      Row(
        "credential.json", ["parse"], "a method name in upper case",
        "refused, in credentials as in challenges", "`01` §21")
    case .twoCredentials:
      Row(
        "credential.json", ["extract"], "two `Payment` credentials in one request",
        "refused: no guess which of them is meant", "`01` §5.2")
    case .excessDigits:
      Row(
        "method-request.json", ["charge", "session", "subscription"],
        "amounts with more digits than the token has decimals",
        "an error when the route is made; a price is never rounded", "`01` §10, `06` §1.2",
        publicGroups: ["charge"])
    case .escrowNotAnAddress:
      Row(
        "method-request.json", ["session"], "`escrowContract: \"anything\"`",
        "an error when the route is made", "`04` §6.1")
    case .subscriptionSpelling:
      Row(
        "method-request.json", ["subscription"], "amounts with leading zeros; impossible dates",
        "an error when the route is made", "`07` §3.3", publicGroups: [])
    case .eventLineEndsSplit:
      Row(
        "sse.json", ["formatMessage"], "CR in a value",
        "ends a line as CRLF and LF do, so that content cannot forge an event", "`04` §10")
    case .eventFieldsWithoutSpace:
      Row(
        "sse.json", ["parse", "extractData"], "`data:x`, no space after the colon",
        "read, as WHATWG says", "`05` §9.2")
    case .eventLineEndsRead:
      Row(
        "sse.json", ["parse", "extractData"], "blocks with CR",
        "CR and CRLF end a line, as WHATWG says", "`04` §10, `05` §9.2")
    case .brokenFrame:
      Row(
        "websocket.json", ["parse"], "a JSON object with an `mpp` member that is no frame",
        "a protocol error; the reference takes it for application data", "`05` §10.3")
    case .voucherAmountNotDecimal:
      Row(
        "voucher.json", ["uint96"], "amounts that only `BigInt()` reads: empty, hexadecimal, with spaces",
        "refused", "`05` §2.1")
    case .voucherHighS:
      Row(
        "voucher.json", ["verify"], "`secp256k1 high-s`",
        "refused, as the chain does: such a voucher cannot be settled", "`04` §4.2")
    case .voucherForeignReserve:
      Row(
        "voucher.json", ["sign"], "access keys and another reserve contract",
        "signed for the contract the challenge names; the reference signs for the canonical one, where it is worthless",
        "`04` §4.1")
    case .periodBeyondDouble:
      Row(
        "subscription.json", ["periodSeconds"], "periods above 2^53 − 1 seconds",
        "signed up to uint64", "`07` §3.3, §4")
    case .impossibleDate:
      Row(
        "subscription.json", ["expirySeconds"], "`2026-02-30`: dates that do not exist",
        "refused; the reference rolls over into the next month", "`07` §3.3, §4")
    case .transactionNotCanonical:
      Row(
        "tempo-transaction.json", ["deserialize"],
        "trailing bytes, leading zeros, chain id zero, no signature",
        "refused, as the node does", "`02` §5.1")
    case .transactionZeroValidity:
      Row(
        "tempo-transaction.json", ["sign", "deserialize"],
        "a validity of 0, which the reference writes as the byte `00`",
        "written as the empty string; the byte is refused, as the node does", "`02` §5.1")
    case .envelopeRefusedByNode:
      Row(
        "signature-envelope.json", ["deserialize"],
        "65 zero bytes, type 0x03, nested key chains, the 0x77…77 trailer, last byte 0x23",
        "refused, as the node does", "`02` §3.2")
    case .authorizationNotSigned:
      Row(
        "key-authorization.json", ["deserialize"], "no signature; key type as the byte `00`",
        "refused", "`02` §9.2")
    case .authorizationEmptyLimits:
      Row(
        "key-authorization.json", ["deserialize"], "an empty list of limits",
        "kept: it means no spending, which is not the same as no limits", "`02` §9.2")
    case .authorizationSkippedLimits:
      Row(
        "key-authorization.json", ["sign"], "no limits, but scopes",
        "the skipped limits are written as `80`; the reference writes `c0`, which the chain reads as no spending",
        "`02` §9.2", publicGroups: [])
    case .rlpNotCanonical:
      Row(
        "primitives.json", ["rlpDecode"], "encodings the encoder never writes",
        "refused", "`02` §1")
    case .base64NotStrict:
      Row(
        "primitives.json", ["base64Decode"],
        "other characters, inner padding, one left-over character, stray bits",
        "refused on the wire", "`01` §2.1")
    case .exchangeProofReplay:
      Row(
        "http-exchanges.json", ["cases"], "`proof: replay accepted without store`",
        "a proof is used once unless the route says it is reusable", "`06` §1.10")
    case .exchangeTwoCredentials:
      Row(
        "http-exchanges.json", ["cases"], "`proof: two Payment credentials`",
        "400 `bad-request`, nothing is executed", "`01` §5.2")
    case .exchangeOnePeriod:
      Row(
        "http-exchanges.json", ["cases"], "`proof: not base64`, `proof: not json`",
        "the detail ends with one period, not two", "`01` §11")
    case .exchangeReasonAdded:
      Row(
        "http-exchanges.json", ["cases"], "cases whose detail is the bare `Payment verification failed.`",
        "a reason is added; type and status are the same", "`04` §32.1 W52")
    case .exchangeOpenReplayed:
      Row(
        "http-exchanges.json", ["cases"], "`session: open replayed`",
        "the finished opening is found: `session/insufficient-balance` instead of `verification-failed`",
        "`04` §32.1 W34")
    case .exchangeVoucherDelta:
      Row(
        "http-exchanges.json", ["cases"], "`session: minVoucherDelta`",
        "the delta is in the challenge, so that clients know it; request and ids differ", "`04` §32.1 W41")
    case .exchangeNoSnapshotForBearers:
      Row(
        "http-exchanges.json", ["cases"], "`session: close below spent`",
        "whoever repeats an old voucher without proving who they are gets no snapshot", "`04` §32.1 W4")
    }
  }

  /// The table of `docs/compatibility.md`, line by line.
  public static var table: [String] {
    ["| file | cases | ours | section |", "|---|---|---|---|"]
      + allCases.map { difference in
        let row = difference.row
        let cases = row.cases.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
        return
          "| `\(row.file)` \(row.groups.joined(separator: ", ")) | \(cases) | \(row.ours) | \(row.section) |"
      }
  }
}

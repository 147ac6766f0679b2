import MPPCore
import TestSupport
import Testing

@Test func bodyDigestVectors() throws {
  var tally = try Tally(.bodyDigest)
  for vector in try tally.file.group("compute") {
    tally.run(vector) {
      try vector.expectMembers(["name", "body", "digest"])
      let (body, digest) = (Array(try vector.string("body").utf8), try vector.string("digest"))
      try Tally.expect(BodyDigest.compute(body), digest, "digest")
      try Tally.expect(BodyDigest.verify(digest, body: body), true, "verify")
      try Tally.expect(BodyDigest.verify(digest, body: body + [0]), false, "verify another body")
    }
  }
  for vector in try tally.file.group("verify") {
    tally.run(vector) {
      try vector.expectMembers(["name", "body", "digest", "valid"])
      let body = Array(try vector.string("body").utf8)
      try Tally.expect(
        BodyDigest.verify(try vector.string("digest"), body: body), try vector.bool("valid"), "valid")
    }
  }
  try tally.finish()
}

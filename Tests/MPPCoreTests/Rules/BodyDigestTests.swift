import MPPCore
import Testing

@Test func bodyDigestIsAcceptedWithAndWithoutColons() {
  let body = Array("hello".utf8)
  #expect(BodyDigest.verify("sha-256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", body: body))
  #expect(BodyDigest.verify("sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:", body: body))
  #expect(!BodyDigest.verify("sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", body: body))
  #expect(!BodyDigest.verify("sha-256=", body: []))
}

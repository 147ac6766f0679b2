import MPPClient
import Testing

@Suite("Request URLs")
struct RequestURLTests {
  @Test("Parts of a URL")
  func parts() throws {
    let url = try RequestURL("HTTPS://API.Example.com:8443/a/b?c=d#e")
    #expect(url.origin == Origin(scheme: "https", host: "api.example.com", port: 8443))
    #expect(url.path == "/a/b?c=d")
    #expect(url.hasQuery)
    #expect(url.withoutQuery.path == "/a/b")
    #expect(try RequestURL("http://h").path == "/")
    #expect(try RequestURL("http://h?x").path == "/?x")
    #expect(try RequestURL("https://h").origin.port == 443)
    #expect(try RequestURL("http://[::1]:80/").origin.isLoopback)
  }

  @Test(
    "Refused",
    arguments: [
      "", "h", "ftp://h/", "http://", "http:///x", "https://user@h/", "https://h:0/", "https://h:65536/",
      "https://h:x/",
      "https://h/ ", "https://h/\r\nX: y", "https://[::1/", "https://h\\@evil/", "http://é/",
    ])
  func refused(text: String) {
    #expect(throws: PaymentClientError.self) { try RequestURL(text) }
  }

  @Test("A relative reference stays at the origin")
  func resolving() throws {
    let base = try RequestURL("https://h/a?b")
    #expect(try base.resolving("/c?d").description == "https://h/c?d")
    #expect(try base.resolving("https://other/").origin != base.origin)
    #expect(throws: PaymentClientError.self) { try base.resolving("//other/x") }
    #expect(throws: PaymentClientError.self) { try base.resolving("c") }
  }

  @Test("Text of a peer cannot steer a terminal (T31)")
  func printableText() {
    let problem = ServerProblem(status: 402, kind: "a\u{1b}[2J", detail: "x\r\ny\u{202e}z")
    #expect(problem.kind == "a [2J")
    #expect(problem.detail == "x  y z")
  }
}

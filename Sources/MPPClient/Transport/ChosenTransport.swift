/// The transport of a client that is being set up: the caller's, which the caller shuts down when the client does not
/// come to be, or one of its own.
enum ChosenTransport {
  case given(any HTTPTransport)
  #if Client
    case made(AsyncHTTPClientTransport)
  #endif

  static func own() throws(PaymentClientError) -> ChosenTransport {
    #if Client
      return .made(AsyncHTTPClientTransport())
    #else
      throw PaymentClientError(
        .transport, "no transport given, and the package was built without the trait Client")
    #endif
  }

  var transport: any HTTPTransport {
    switch self {
    case .given(let transport): transport
    #if Client
      case .made(let transport): transport
    #endif
    }
  }

  /// The client does not come to be.
  func abandon() {
    #if Client
      if case .made(let transport) = self { transport.abandon() }
    #endif
  }
}

import HTTPTypes

extension HTTPFields {
  /// `self[.authorization]`, without the making of a new text when there is one field, as there nearly always is.
  var authorizationText: String? {
    var only: String?
    for field in self where field.name == .authorization {
      guard only == nil else { return self[.authorization] }
      only = field.value
    }
    return only
  }
}

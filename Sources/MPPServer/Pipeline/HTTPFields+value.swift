package import HTTPTypes

extension HTTPFields {
  /// As the subscript, without a copy of the text when there is one field of the name, which is nearly always so: a credential is
  /// more than a kilobyte.
  package func value(of name: HTTPField.Name) -> String? {
    var value: String?
    for field in self where field.name == name {
      guard value == nil else { return self[name] }
      value = field.value
    }
    return value
  }
}

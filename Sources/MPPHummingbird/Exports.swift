// An application that is paid through Hummingbird imports this one module and its store.
@_exported public import MPPCore
@_exported public import MPPServer
@_exported public import MPPTempoServer

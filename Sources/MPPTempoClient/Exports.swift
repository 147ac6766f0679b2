// An application that pays over Tempo imports this module alone.
@_exported public import MPPClient
@_exported public import MPPCore
@_exported public import MPPTempo

public import MPPCore

/// Makes pauses; tests bring one that does not wait.
public typealias Sleeper = MPPCore.Sleeper
/// Pauses on the clock of the process, ended early by cancellation.
public typealias TaskSleeper = MPPCore.TaskSleeper

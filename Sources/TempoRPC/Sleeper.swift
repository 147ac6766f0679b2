public import MPPCore

public typealias Sleeper = MPPCore.Sleeper
public typealias TaskSleeper = MPPCore.TaskSleeper

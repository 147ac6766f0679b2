// Shows Thread Sanitizer the part of Swift's Mutex that it cannot see. The quick way of locking is compiled into the program and
// watched; where a thread has to wait, the standard library's own code locks, which is not instrumented, and what the mutex
// protects looks like a race. scripts/tsan puts this library in front: it does what the library does, and says so.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// There when the program is sanitized.
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

SWIFT void lock_slow(uint32_t thread, SELF void *self) __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT bool try_lock_slow(SELF void *self) __asm__("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
SWIFT void unlock_slow(SELF void *self) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");

static void *original(const char *name) { return dlsym(RTLD_NEXT, name); }

SWIFT void lock_slow(uint32_t thread, SELF void *self) {
  SWIFT void (*lock)(uint32_t, SELF void *) = original("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
  lock(thread, self);
  if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT bool try_lock_slow(SELF void *self) {
  SWIFT bool (*try_lock)(SELF void *) = original("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
  bool is_locked = try_lock(self);
  if (is_locked && __tsan_acquire) __tsan_acquire(self);
  return is_locked;
}

SWIFT void unlock_slow(SELF void *self) {
  SWIFT void (*unlock)(SELF void *) = original("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
  if (__tsan_release) __tsan_release(self);
  unlock(self);
}

// Invariants of this program itself. A user's mistake is a Diagnostic, never a failed check.
#pragma once

namespace plena {
/// Prints the failed condition with its place and ends the process.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
} // namespace plena

#define PLENA_CHECK(condition)                                                                     \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      ::plena::check_failed(#condition, __FILE__, __LINE__);                                       \
    }                                                                                              \
  } while (false)

#ifdef NDEBUG
#define PLENA_DCHECK(condition)                                                                    \
  do {                                                                                             \
  } while (false)
#else
#define PLENA_DCHECK(condition) PLENA_CHECK(condition)
#endif

/* Stands in for the C library's `stderr` inside this module; see the linker's option --wrap=stderr in CMakeLists.txt.
 *
 * Debian's libsecp256k1.a is compiled for executables (PIE, not PIC): it reaches `stderr`, which its default error
 * callbacks print to, by an address that only an executable may have, so a shared object cannot be linked with it. With
 * the symbol defined here the address is inside this module, and the link is sound. The callbacks run only when the
 * library finds itself misused or its memory corrupted, and then call abort(); an unset stream must not get in their
 * way.
 */
#define _POSIX_C_SOURCE 200809L /* fdopen */
#include <stdio.h>

FILE* __wrap_stderr;

__attribute__((constructor)) static void till_open_wrapped_stderr(void) {
  __wrap_stderr = fdopen(2, "w");
  if (__wrap_stderr != NULL) setvbuf(__wrap_stderr, NULL, _IONBF, 0); /* abort() flushes nothing */
}

/* What the wheel's statically linked libsecp256k1 needs, and what it need not carry.
 *
 * stderr: Debian's libsecp256k1.a is compiled for executables (PIE, not PIC). It reaches `stderr`, which its default
 * error callbacks print to, by an address that only an executable may have, so a shared object cannot be linked with
 * it. With the linker's --wrap=stderr and the symbol defined here, that address is inside this module, and the link is
 * sound. The callbacks run only when the library finds itself misused or its memory corrupted, and then call abort().
 *
 * Tables: 1 MiB of precomputed points, a fifth of the wheel and not compressible, serves to verify signatures, and this
 * module only makes them. Symbols defined here keep the archive's tables out. So that nothing can ever compute with
 * these empty ones, CMakeLists.txt wraps each function that would, and defines no wrapper: using one makes a module
 * that cannot be imported, and a test of the wheel says so.
 */
#define _POSIX_C_SOURCE 200809L /* fdopen */
#include <stdio.h>

FILE* __wrap_stderr;

__attribute__((constructor)) static void till_open_wrapped_stderr(void) {
  __wrap_stderr = fdopen(2, "w");
  if (__wrap_stderr != NULL) setvbuf(__wrap_stderr, NULL, _IONBF, 0); /* abort() flushes nothing */
}

/* 2^13 points of 64 bytes each, as src/precomputed_ecmult.h has them for its default window. */
unsigned char secp256k1_pre_g[8192 * 64];
unsigned char secp256k1_pre_g_128[8192 * 64];

/* till.h is strict C99, on its own and included twice. */
#include "till.h"

#include "till.h"

int till_header_is_c99(void);

int till_header_is_c99(void) {
  till_callback callback = NULL;
  return callback == NULL && TILL_OK == 0 && till_version() != NULL;
}

// till.h is C++, of any standard since 1998.
#include "till.h"

int till_header_is_cpp();

int till_header_is_cpp() { return till_status_name(TILL_OK) != NULL && TILL_PLUGIN == 15; }

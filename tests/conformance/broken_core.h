/* A core that breaks a line: the operations, as a broken module passes them on. */
#ifndef BROKEN_CORE_H
#define BROKEN_CORE_H

#include <stdbool.h>

#include "gvtcore/mpt.h"

/* Exchanges the operation that breaks the line for which `broken` is true, if there is one. */
void break_core(gvtcore_mpt_ops_t* ops, bool (*broken)(const char* line));

#endif /* BROKEN_CORE_H */

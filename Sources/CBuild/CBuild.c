#include "CBuild.h"

// In C, because the Swift compiler cannot define a text on its command line.
#ifndef IMAGEWIRE_COMMIT
#define IMAGEWIRE_COMMIT ""
#endif

const char *cbuild_commit(void) { return IMAGEWIRE_COMMIT; }

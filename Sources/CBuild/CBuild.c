#include "CBuild.h"

// In C, because Swift's compiler takes no text from its command line.
#ifndef IMAGEWIRE_COMMIT
#define IMAGEWIRE_COMMIT ""
#endif

const char *cbuild_commit(void) { return IMAGEWIRE_COMMIT; }

#pragma once

// The commit of this build, from the variable IMAGEWIRE_COMMIT; empty where the build did not set it.
const char *_Nonnull cbuild_commit(void);

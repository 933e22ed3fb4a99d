#pragma once

// The commit this was built from, as the build was told (IMAGEWIRE_COMMIT); empty where it was not.
const char *_Nonnull cbuild_commit(void);

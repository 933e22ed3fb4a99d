// Functions of glibc's heap, which Swift's Glibc module leaves out. Empty on other systems.
#if defined(__GLIBC__) || __has_include(<malloc.h>)
#include <malloc.h>
#endif

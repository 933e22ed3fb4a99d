// glibc's own calls about its heap, which Swift's Glibc module leaves out. Elsewhere there is nothing in here.
#if defined(__GLIBC__) || __has_include(<malloc.h>)
#include <malloc.h>
#endif

#ifndef IMAGEWIRE_CCURL_H
#define IMAGEWIRE_CCURL_H
#include <curl/curl.h>
#endif

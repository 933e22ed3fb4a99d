#pragma once

#include <stdbool.h>

// Functions of newer versions of glibc that a release must not need: it runs with 2.34 and later (Debian 12, Ubuntu 22.04,
// RHEL 9). Swift's and C++'s libraries inside it call them. Other builds have none of them.

/// Whether glibc is in this program (`.ci/release static`). It must open no library of the system: that would need the system's glibc.
bool cshims_holds_glibc(void);

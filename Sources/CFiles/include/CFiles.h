// Functions for opening directories that the C library lacks, or has no portable flag for.
#ifndef CFILES_H
#define CFILES_H

// Opens a directory by a relative path. No part of the path may be a symbolic link or lead out of `directory`.
// ENOSYS where there is no openat2 (Linux 5.6); containers with an old filter answer EPERM.
int cfiles_open_beneath(int directory, const char *path);

// Opens a directory inside a directory, only to open paths below it: no permission to list it is needed. Follows no
// symbolic link.
int cfiles_open_to_pass(int directory, const char *name);

#endif

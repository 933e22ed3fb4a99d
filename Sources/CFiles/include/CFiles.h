// Opening directories below a directory: what the C library has no function for, or no portable flag.
#ifndef CFILES_H
#define CFILES_H

// Opens a directory by a relative path. No part of the path may be a symbolic link or lead out of `directory`.
// ENOSYS where there is no openat2 (Linux 5.6); containers with an old filter answer EPERM.
int cfiles_open_beneath(int directory, const char *path);

// Opens one directory of a directory to go through it, which needs no right to list it. Not through a symbolic link.
int cfiles_open_to_pass(int directory, const char *name);

#endif

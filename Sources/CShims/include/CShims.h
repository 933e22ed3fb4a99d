#pragma once

// Functions of newer versions of glibc that a release must not need: it runs with 2.34 and later (Debian 12, Ubuntu 22.04,
// RHEL 9). Swift's and C++'s libraries inside it call them. Empty in other builds.

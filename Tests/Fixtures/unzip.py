#!/usr/bin/env python3
"""Unpacks a zip file with the modes of its files, as hosts do: python3 unzip.py ZIP FOLDER."""

import sys
import zipfile
from pathlib import Path

with zipfile.ZipFile(sys.argv[1]) as archive:
    for entry in archive.infolist():
        archive.extract(entry, sys.argv[2])
        (Path(sys.argv[2]) / entry.filename).chmod(entry.external_attr >> 16 & 0o777)

#!/usr/bin/env python3
"""Fail when git tracks build output: a file over 1 MiB, or one that begins
like an ELF, Mach-O or PE program."""

import os
import subprocess
import sys

LIMIT = 1 << 20
MAGIC = {
    b"\x7fELF": "an ELF program",
    b"\xfe\xed\xfa\xce": "a Mach-O program",
    b"\xfe\xed\xfa\xcf": "a Mach-O program",
    b"\xce\xfa\xed\xfe": "a Mach-O program",
    b"\xcf\xfa\xed\xfe": "a Mach-O program",
    b"\xca\xfe\xba\xbe": "a universal Mach-O program or a Java class",
    b"MZ": "a PE program",
}

faults = []
files = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True).stdout
for name in filter(None, files.split(b"\0")):
    if os.path.islink(name) or not os.path.isfile(name):
        continue
    size = os.path.getsize(name)
    if size > LIMIT:
        faults.append(f"{os.fsdecode(name)}: {size} bytes, over 1 MiB")
    with open(name, "rb") as f:
        head = f.read(4)
    for magic, kind in MAGIC.items():
        # A text file may begin with the letters MZ; a PE program has zero bytes after them.
        if head.startswith(magic) and (magic != b"MZ" or b"\0" in open(name, "rb").read(64)):
            faults.append(f"{os.fsdecode(name)}: {kind}")
for fault in faults:
    print("tracked build output:", fault)
sys.exit(1 if faults else 0)

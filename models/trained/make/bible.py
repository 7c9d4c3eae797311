"""The King James Bible as Debian's packages bible-kjv and bible-kjv-text have it; public domain."""

import re
import subprocess

BEGIN = "\n"
CONTEXT = 128
HELD_OUT = 100  # one verse of so many
# Rare characters leave room in a table of 64 rows.
REPLACED = {"(": "", ")": "", "-": " ", "X": "x"}


def verses():
    """In order, (verse, whether it is held out)."""
    listed = subprocess.run(
        ["bible", "-f", "ge1:1-re22:21"], check=True, capture_output=True, text=True
    ).stdout
    found = []
    for line in listed.splitlines():
        verse = re.sub(r"^\S+ ", "", line).strip()
        for one, other in REPLACED.items():
            verse = verse.replace(one, other)
        found.append((verse, len(found) % HELD_OUT == HELD_OUT - 1))
    return found


def tokens_of(found):
    return sorted({BEGIN} | {character for verse, _ in found for character in verse})

# SPDX-License-Identifier: Apache-2.0
"""Writes a disclosure and evidence (doc/protocol.md, 10.2 and 10.3), for openline-verify to check."""
from openline import A, B, be, cose_sign1, sha256


def file(magic, line, *parts):
    cards = [line.card[author].bytes for author in (A, B)]
    whole = b"".join((magic, line.id0, *(be(len(card), 2) + card for card in cards), *parts))
    return whole + sha256(whole)


def disclosure(line, entries):
    """Of the first of these entries, which chain; the last one has a seal."""
    first, last = entries[0], entries[-1]
    headers = [entry.header(line.id) for entry in entries[:-1]]
    return file(b"openline/disclosure/1\0", line, be(len(headers), 2), *headers, cose_sign1(last.header(line.id), last.seal),
                first.salt, be(len(first.body), 2), first.body)


def evidence(line, proof, one, another):
    """Two runs of entries; the last of each has a seal."""
    return file(b"openline/evidence/1\0", line, bytes([proof]), be(len(one), 2), be(len(another), 2),
                *(part for run in (one, another) for part in (*(e.header(line.id) for e in run), run[-1].seal)))

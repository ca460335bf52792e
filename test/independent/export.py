# SPDX-License-Identifier: Apache-2.0
"""Reads and writes an export (doc/protocol.md, section 10.1). `verify` gives a Report or raises Damaged."""
from dataclasses import dataclass

from openline import (A, ALONE, B, BODY_MAX, CARD, Card, Entry, HAS_SEAL, Line, RESUME, Reader, Refused, ZEROS, armour_read, be,
                      need, other, sha256)

MAGIC = b"openline/export/1\0"


class Damaged(Refused):
    """The file is refused; `finding` says with what word of the page."""

    def __init__(self, finding, said):
        super().__init__(f"{finding}: {said}")
        self.finding = finding


@dataclass
class Report:
    line: Line
    entries: dict
    heads: dict         # author: (number, hash)
    remarks: list       # (finding, entry's id, number of the resume or None)


class Placed:
    """An entry in its place in the file."""

    def __init__(self, entry, line):
        self.entry = entry
        self.hash = entry.hash(line)
        self.on = None              # its prev in the file: a seal on this covers that
        self.is_rooted = False
        self.stands = False
        self.covered = False
        self.lost_to = None
        self.is_forked = False

    @property
    def id(self):
        return f"{chr(self.entry.author)}{self.entry.seq}"


def read_entry(r, line, author):
    kind, flags, seq, xseq, time = r.uint(1), r.uint(1), r.uint(4), r.uint(4), r.uint(4)
    prev, xhash, salt = r.take(32), r.take(32), r.take(16)
    body = r.take(r.uint(2))
    seal = r.take(64) if flags & HAS_SEAL else None
    need(kind >= 32 and seq >= 1 and not flags & 7 and len(body) <= BODY_MAX, "an entry's fields")
    entry = Entry(author, kind, flags & 0xF0, seq, xseq, time, body, prev, xhash, salt, seal)
    if seal is not None and not entry.seal_holds(line.id, line.card[author].sign_pk):
        raise Damaged("SEAL", f"{chr(author)}{seq}")
    return entry


def read(data):
    """Line and both streams as they stand in the file."""
    r = Reader(data)
    need(r.take(18) == MAGIC, "not an export")
    id0 = r.take(32)
    line = Line.of(id0, r.take(r.uint(2)), r.take(r.uint(2)))
    counts = {A: r.uint(4), B: r.uint(4)}
    streams = {}
    for author in (A, B):
        streams[author] = []
        for _ in range(counts[author]):
            streams[author].append(Placed(read_entry(r, line, author), line.id))
    r.take(32)
    r.end()
    return line, streams


def place(stream):
    """Steps 1 to 4 of one stream: what each entry is on, which ones stand, and that each is under a seal. The head, or None."""
    head, before, held = None, None, {}
    for at, placed in enumerate(stream):
        entry = placed.entry
        last = before.entry.seq if before else 0
        is_evidence = entry.seq == last
        if entry.seq < last or is_evidence and (entry.seal is None or placed.hash in held):
            raise Damaged("ORDER", placed.id)
        chain(placed, held)
        if entry.kind == RESUME and placed.is_rooted and entry.seq > (head.entry.seq if head else 0):
            resume(stream[:at], placed)
            head = placed
        elif entry.seq == (head.entry.seq if head else 0) + 1 and entry.prev == (head.hash if head else ZEROS):
            placed.stands, head = True, placed
        elif entry.seal is None and placed.on is None:
            raise Damaged("CHAIN", placed.id)
        is_next = entry.seq == last + 1
        placed.is_forked = is_evidence or is_next and placed.on is None and not placed.is_rooted and entry.kind != RESUME
        held[placed.hash] = before = placed
    cover(stream)
    return head


def chain(placed, held):
    """Step 2. `held`: the entries before it in the file, by hash."""
    entry, prev = placed.entry, held.get(placed.entry.prev)
    if prev is not None and (entry.kind == RESUME or prev.entry.seq == entry.seq - 1):
        placed.on = prev
        placed.is_rooted = prev.is_rooted
    else:
        placed.is_rooted = entry.prev == ZEROS and (entry.seq == 1 or entry.kind == RESUME)


def resume(before, placed):
    """What a rooted resume goes on from stands again, back to the first that stood; all others after that one are lost."""
    again, kept = [placed], placed.on
    while kept is not None and not kept.stands:
        again.append(kept)
        kept = kept.on
    for passed in before[before.index(kept) + 1 if kept else 0:]:
        passed.stands, passed.lost_to = False, placed.entry.seq
    for passed in again:
        passed.stands, passed.lost_to = True, None


def cover(stream):
    for placed in reversed(stream):
        if placed.entry.seal is not None:
            placed.covered = True
        if not placed.covered:
            raise Damaged("BARE", placed.id)
        if placed.on is not None:
            placed.on.covered = True


class Record:
    """Both streams, placed, for what one says of the other."""

    def __init__(self, streams):
        self.streams = streams
        self.heads = {author: place(streams[author]) for author in (A, B)}
        self.numbers = {author: {placed.entry.seq for placed in streams[author]} for author in (A, B)}
        self.named = {author: {(placed.entry.seq, placed.hash): placed for placed in streams[author]} for author in (A, B)}

    def head(self, author):
        """Number and hash."""
        head = self.heads[author]
        return (head.entry.seq, head.hash) if head else (0, ZEROS)

    def claim(self, placed):
        """Step 5: the remark about what this entry names, if any."""
        entry, there = placed.entry, other(placed.entry.author)
        if entry.xseq == 0:
            return None if entry.xhash == ZEROS else "UNTRUE"
        head = self.head(there)[0]
        is_there = entry.xseq in self.numbers[there]
        named = self.named[there].get((entry.xseq, entry.xhash))
        if is_there and named is None:
            return "UNTRUE"
        if named is not None and (entry.xseq <= head or entry.flags & ALONE or not placed.stands):
            return None
        if not is_there and entry.xseq < head:
            return "ABSENT"
        if not is_there and not placed.stands:
            return "UNHELD"
        if self.went_on(placed):
            return "UNTRUE"
        raise Damaged("MISSING", f"{placed.id} names {chr(there)}{entry.xseq}")

    def went_on(self, placed):
        """Whether the other side answered by going on: what it then wrote hashes over this entry."""
        for answer in self.streams[other(placed.entry.author)]:
            named = self.named[placed.entry.author].get((answer.entry.xseq, answer.entry.xhash))
            if not answer.stands or answer.entry.flags & ALONE or named is None:
                continue
            if named is placed or named.stands and named.entry.seq > placed.entry.seq:
                return True
        return False

    def remarks(self, author):
        """(finding, entry's id, number of the resume or None), in the order of the file."""
        last = None
        for placed in self.streams[author]:
            entry = placed.entry
            said = self.claim(placed)
            if said:
                yield said, placed.id, None
            if placed.lost_to is not None:
                yield "LOST", placed.id, placed.lost_to
            elif not placed.stands:
                yield "EARLY", placed.id, None
            if placed.is_forked:
                yield "FORKED", placed.id, None
            if placed.stands:
                if last is not None and entry.xseq < last.entry.xseq and not entry.flags & ALONE and entry.kind != RESUME:
                    yield "FALLS", placed.id, None
                last = last if entry.flags & ALONE else placed


def verify(data, cards=()):
    """`cards`: those that the reader has from their owners; each must be in the file."""
    line, streams = read(data)
    for card in cards:
        need(card in line.card.values(), "a card given is not in the file")
    record = Record(streams)
    remarks = [remark for author in (A, B) for remark in record.remarks(author)]
    need(data[-32:] == sha256(data[:-32]), "the sum")
    return Report(line, {author: len(streams[author]) for author in (A, B)},
                  {author: record.head(author) for author in (A, B)}, remarks)


def write(line, streams):
    """The file of these entries (what a station exports). Cards as bytes come from the line."""
    cards = [line.card[author].bytes for author in (A, B)]
    parts = [MAGIC, line.id0, *(be(len(card), 2) + card for card in cards), *(be(len(streams[s]), 4) for s in (A, B))]
    for entry in (*streams[A], *streams[B]):
        flags = entry.flags & 0xF0 | (HAS_SEAL if entry.seal is not None else 0)
        parts.append(b"".join((bytes([entry.kind, flags]), be(entry.seq, 4), be(entry.xseq, 4), be(entry.time, 4), entry.prev,
                               entry.xhash, entry.salt, be(len(entry.body), 2), entry.body, entry.seal or b"")))
    whole = b"".join(parts)
    return whole + sha256(whole)


def card_file(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return Card.read(armour_read(CARD, f.read()))

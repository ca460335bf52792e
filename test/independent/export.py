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
        self.stands = False
        self.on = None              # the one below it: a seal on this covers that
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
    """Steps 1 to 3 of one stream: which entries stand, and that each is under a seal. The standing ones, by number."""
    standing, before = [], None
    for placed in stream:
        entry = placed.entry
        if before is not None and entry.seq <= before.entry.seq:
            raise Damaged("ORDER", placed.id)
        head = standing[-1] if standing else None
        is_next = entry.seq == (before.entry.seq if before else 0) + 1
        if entry.seq == (head.entry.seq if head else 0) + 1 and entry.prev == (head.hash if head else ZEROS):
            placed.on = head
            standing.append(placed)
        elif entry.kind == RESUME and (keep := resumed(standing, entry.prev)) is not None:
            del standing[keep:]
            placed.on = standing[-1] if standing else None
            lose(stream, placed.on, placed)
            standing.append(placed)
        elif is_next and before and entry.prev == before.hash:
            placed.on = before
        elif entry.seal is None:
            raise Damaged("CHAIN", placed.id)
        else:
            placed.is_forked = is_next and entry.kind != RESUME
        before = placed
    cover(stream)
    for placed in standing:
        placed.stands = True
    return standing


def resumed(standing, prev):
    """How many of the standing entries a resume with this prev leaves; None if it chains to none of them."""
    if prev == ZEROS:
        return 0
    return next((i + 1 for i, placed in enumerate(standing) if placed.hash == prev), None)


def lose(stream, kept, resume):
    """All between what a resume chains to and the resume is lost, also what never stood."""
    for placed in stream:
        if (kept.entry.seq if kept else 0) < placed.entry.seq < resume.entry.seq:
            placed.lost_to = resume.entry.seq


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
        self.standing = {author: place(streams[author]) for author in (A, B)}
        self.numbers = {author: {placed.entry.seq: placed for placed in streams[author]} for author in (A, B)}

    def head(self, author):
        """Number and hash."""
        return (self.standing[author][-1].entry.seq, self.standing[author][-1].hash) if self.standing[author] else (0, ZEROS)

    def claim(self, placed):
        """Step 4: the remark about what this entry names, if any."""
        entry, there = placed.entry, other(placed.entry.author)
        if entry.xseq == 0:
            return None if entry.xhash == ZEROS else "UNTRUE"
        head = self.head(there)[0]
        named = self.numbers[there].get(entry.xseq)
        if named is not None and named.hash != entry.xhash:
            return "UNTRUE"
        if named is not None and (entry.xseq <= head or entry.flags & ALONE or not placed.stands):
            return None
        if named is None and entry.xseq < head:
            return "ABSENT"
        if named is None and not placed.stands:
            return "UNHELD"
        if self.went_on(placed):
            return "UNTRUE"
        raise Damaged("MISSING", f"{placed.id} names {chr(there)}{entry.xseq}")

    def went_on(self, placed):
        """Whether the other side answered by going on: what it then wrote hashes over this entry."""
        for answer in self.standing[other(placed.entry.author)]:
            named = self.numbers[placed.entry.author].get(answer.entry.xseq)
            if answer.entry.flags & ALONE or named is None or named.hash != answer.entry.xhash:
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

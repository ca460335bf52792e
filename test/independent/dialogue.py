# SPDX-License-Identifier: Apache-2.0
"""Ladder order and the states of messages (doc/protocol.md, section 9)."""
import desk
import openline as ol

CHANGES = {     # act: (by the message's author, in these states, then)
    ol.TAKE: (False, ("delivered",), "taken"),
    ol.READBACK: (False, ("taken", "corrected"), "read_back"),
    ol.CONFIRM: (True, ("read_back",), "confirmed"),
    ol.CORRECT: (True, ("taken", "read_back", "corrected"), "corrected"),
    ol.DECLINE: (False, ("delivered", "taken", "corrected"), "declined"),
}


def ladder(line, streams):
    """All entries of both streams in one order. `streams`: author: entries, ascending."""
    hashes = {author: {e.seq: e.hash(line.id) for e in streams[author]} for author in streams}
    a, b = list(streams[ol.A]), list(streams[ol.B])
    order = []
    while a and b:
        b_first = a[0].xseq >= b[0].seq and hashes[ol.B].get(a[0].xseq) == a[0].xhash
        order.append((b if b_first else a).pop(0))
    return order + a + b


class Message:
    def __init__(self, entry):
        self.author, self.version, self.readback, self.state = entry.author, entry.seq, None, "delivered"

    def act(self, entry, value):
        by_author, states, then = CHANGES[entry.kind]
        if (entry.author == self.author) != by_author or self.state not in states:
            return
        if entry.kind == ol.READBACK and value[1] != self.version:
            return
        if entry.kind == ol.CONFIRM and value[1] != self.readback:
            return
        self.state = then
        if entry.kind == ol.READBACK:
            self.readback = entry.seq
        if entry.kind == ol.CORRECT:
            self.version = entry.seq


def states(order):
    """The state of each delivered message, by author and number."""
    messages = {}
    for entry in order:
        try:
            value = desk.body_read(entry.kind, entry.body)
        except ol.Refused:
            continue
        if entry.kind == ol.MESSAGE:
            messages[entry.author, entry.seq] = Message(entry)
        elif entry.kind in CHANGES:
            author = entry.author if CHANGES[entry.kind][0] else ol.other(entry.author)
            if (author, value[0]) in messages:
                messages[author, value[0]].act(entry, value)
    return {name: message.state for name, message in messages.items()}

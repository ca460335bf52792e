# SPDX-License-Identifier: Apache-2.0
"""A minimal station, from doc/protocol.md alone: one line, one path, one thread, its record in memory, so that what is taken
counts as durable: it is for tests. It pumps one connection until something is true."""
import os
import select
import socket
import time
from collections import Counter

import desk
import openline as ol
import session as ss

CARRIER_MAX, PART_MAX = ol.MESSAGE_MAX, ol.MESSAGE_MAX - 30
RETRY_SECONDS, ASK_SECONDS = 1.0, 0.5


class Session:
    def __init__(self, number, ours, theirs):
        self.number = number
        self.out = ss.Outgoing(ours, number)
        self.into = ss.Incoming(theirs)
        self.heard = None           # the peer's path number that came last, and when
        self.synced = False         # a sync came under it
        self.confirmed = {}         # our path: the counter that the last echo gave


class Own:
    """The stream written here."""

    def __init__(self):
        self.entries = {}
        self.head, self.hash = 0, ol.ZEROS

    def add(self, entry, line):
        self.entries[entry.seq] = entry
        self.head, self.hash = entry.seq, entry.hash(line)
        return entry


class Theirs:
    """The stream taken from the peer: what stands, what is early, what waits for a seal."""

    def __init__(self):
        self.entries = {}
        self.early = {}
        self.aside = {}
        self.head, self.hash = 0, ol.ZEROS


class Station:
    def __init__(self, party="Sylvania", sign_seed=None, dh_sk=None):
        self.sign_seed, self.dh_sk = sign_seed or os.urandom(32), dh_sk or os.urandom(32)
        self.revokes = os.urandom(32)
        self.card = ol.Card(party, "Duty desk", ol.sign_public(self.sign_seed), ol.x25519_public(self.dh_sk), ("en",),
                            ol.sha256(self.revokes))
        self.path = 7               # ours; the peer's numbers are its own
        self.wire = self.listener = None
        self.forget()

    def forget(self):
        """A start with nothing: no record, no session."""
        self.own, self.theirs = Own(), Theirs()
        self.asking = True
        self.recover_to = 0
        self.current = self.next = self.old = self.calling = None
        self.answered = set()
        self.parts = {}
        self.counts = Counter()
        self.unread = []
        self.ask_at = 0.0
        self.log = []               # items and entries that came, for the tests
        self.drop_next = 0

    def pair(self, courier_key, peer_card):
        self.line = ol.Line.pair(courier_key, self.card.bytes, peer_card.bytes)
        self.side = ol.A if self.line.card[ol.A] == self.card else ol.B
        self.peer = ol.other(self.side)

    @property
    def code(self):
        return self.line.code_shown_by(self.side)

    @property
    def peer_key(self):
        return self.line.card[self.peer].sign_pk

    # the connection

    def connect(self, port):
        self.close()
        self.wire = socket.create_connection(("127.0.0.1", port), 5)
        self.stream = ol.Stream()

    def listen(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        return self.listener.getsockname()[1]

    def close(self):
        for s in (self.wire, self.listener):
            if s:
                s.close()
        self.wire = self.listener = None

    def until(self, done, said, seconds=10.0):
        """Pumps until `done` gives something true; that."""
        end = time.monotonic() + seconds
        while not (answer := done()):
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s in vain: {said}; {dict(self.counts)}")
            self.pump(0.02)
        return answer

    def pump(self, seconds):
        if self.calling and time.monotonic() > self.retry_at:
            self.call()
        if self.wire and time.monotonic() > self.ask_at:
            self.ask_at = time.monotonic() + ASK_SECONDS
            self.ask_for_receipts()
        ready, _, _ = select.select([s for s in (self.wire, self.listener) if s], [], [], seconds)
        if self.listener in ready:
            if self.wire:
                self.wire.close()
            self.wire, _ = self.listener.accept()
            self.stream = ol.Stream()
        elif self.wire in ready:
            data = self.wire.recv(65536)
            if not data:
                self.wire.close()
                self.wire = None
            for message in self.stream.read(data):
                self.read(message)

    def give(self, message):
        self.wire.sendall(ol.cobs(message) + b"\0")

    # the handshake, 7.2 and 7.3

    def call(self, entries=b""):
        taken = [session.number for session in (self.current, self.next, self.old) if session]
        numbers = [n for n in range(self.side == ol.B, 16, 2) if n not in taken]
        number = numbers[os.urandom(1)[0] % len(numbers)]
        self.calling = ss.Call(self.line, self.side, self.dh_sk, os.urandom(32)), number
        self.retry_at = time.monotonic() + RETRY_SECONDS
        self.give(ss.handshake_message(ss.MESSAGE_1, number, self.path, self.line.tag_key[self.side],
                                       self.calling[0].message_1(entries)))

    def read(self, message):
        try:
            kind = message[0]
            if kind == ss.MESSAGE_1:
                self.answer(message)
            elif kind == ss.MESSAGE_2:
                self.answered_by(message)
            elif kind in (ss.FRAME, ss.FRAME | 1):
                self.frame(message)
        except ol.Refused as e:
            self.counts[str(e)] += 1

    def answer(self, message):
        number, _, noise = ss.handshake_read(message, self.line.tag_key[self.peer])
        ol.need(number % 2 == (self.peer == ol.B), "message 1: not a session number of the peer's")
        ol.need(noise[:32] not in self.answered, "message 1: a replay")
        response = ss.Response(self.line, self.side, self.dh_sk, os.urandom(32))
        payload = response.read_1(noise)
        self.answered.add(noise[:32])
        self.calling = None
        self.take_items(ol.items_read(payload)[0], None)
        message_2, ours, theirs = response.message_2(self.sync(answer=True).bytes)
        self.next = Session(number, ours, theirs)
        self.give(ss.handshake_message(ss.MESSAGE_2, number, self.path, self.line.tag_key[self.side], message_2))

    def answered_by(self, message):
        ol.need(self.calling is not None, "message 2: not expected")
        call, called = self.calling
        number, _, noise = ss.handshake_read(message, self.line.tag_key[self.peer])
        ol.need(number == called, "message 2: of another call")
        payload, ours, theirs = call.read_2(noise)
        self.calling = None
        self.become_current(Session(number, ours, theirs))
        self.take_items(ol.items_read(payload)[0], self.current)
        self.send(self.sync().bytes, self.echo(ask=True).bytes)

    def become_current(self, session):
        self.old, self.current, self.next = self.current, session, None

    # frames, 7.4 and 7.5

    def frame(self, message):
        session = next((s for s in (self.current, self.next, self.old) if s and s.number == message[1] >> 4), None)
        ol.need(session is not None, "frame: of no session")
        path, counter, data = session.into.open(message)
        if self.drop_next > 0:
            self.drop_next -= 1
            return
        session.heard = path, time.monotonic()
        if session is self.next:
            self.become_current(session)
            self.send(self.sync().bytes, self.echo(ask=True).bytes)
        items, all_read = ol.items_read(data)
        if not all_read:
            self.counts["malformed"] += 1
        self.take_items(items, session)

    def send(self, *items):
        self.give(self.current.out.seal(self.path, b"".join(items)))

    def echo(self, ask=False):
        path, heard = self.current.heard or (0, None)
        now = int(time.time())
        if heard is None:
            return ol.Echo(0, 0, 0xFFFF, now, ask)
        delay = min(int((time.monotonic() - heard) * 1000), 0xFFFE)
        return ol.Echo(path, self.current.into.highest(path) % 2**32, delay, now, ask)

    def sync(self, answer=False):
        held = tuple((n, n) for n in sorted(self.theirs.early))
        return ol.Sync(self.own.head, self.theirs.head, self.theirs.hash[:8], held, self.asking, answer)

    def advance_phase(self):
        """7.5, 6: allowed after the peer has confirmed a frame of the present phase by an echo."""
        sent, phase = self.current.out.counters[self.path], self.current.out.phase
        self.send(self.sync().bytes, self.echo(ask=True).bytes)
        self.until(lambda: self.current.confirmed.get(self.path, -1) >= sent, "an echo of a frame of this phase")
        self.current.out.advance()
        return phase + 1

    # what comes

    def take_items(self, items, session):
        back = False
        owed_before = self.theirs.head
        aside = [span for item in items if isinstance(item, ol.Aside) for span in item.ranges]
        for item in items:
            self.log.append(item)
            if isinstance(item, ol.WireEntry):
                self.take_entry(item, self.side if back else self.peer)
            elif isinstance(item, ol.Back):
                back = True
            elif isinstance(item, ol.Part):
                self.take_part(item)
            elif isinstance(item, ol.Sync):
                self.take_sync(item, session, aside)
            elif session is not None:
                self.take_item(item, session)
        self.settle()
        self.receipt(owed_before)

    def take_item(self, item, session):
        if isinstance(item, ol.Echo):
            if item.delay_ms != 0xFFFF:
                session.confirmed[item.path] = item.counter
            if item.ask and session is self.current:
                self.send(self.sync().bytes, self.echo().bytes)
        elif isinstance(item, ol.Want):
            self.give_wanted(item)

    def take_sync(self, sync, session, aside):
        if session is None or session is not self.current:
            return
        exact = sync.starting or not session.synced
        session.synced = True
        if sync.answer and self.asking:
            told = sync.held[-1][1] if sync.held else sync.your_head
            if told > self.own.head:
                self.recover_to = told
                self.send(ol.Want(self.side, self.own.head + 1, told).bytes)
            else:
                self.asking = False
        if sync.starting:
            self.old = None
            if session.heard:       # message 2 is no frame: its STARTING is answered with the first frame that repeats it
                self.send(self.sync(answer=True).bytes)
        if self.recover_to:
            return
        self.give_missing(sync.your_head, [*sync.held, *aside], exact)
        if sync.own_head > self.theirs.head:
            self.counts["behind"] += 1
            if self.counts["behind"] % 4 == 1:
                self.send(self.sync().bytes)

    def give_missing(self, peer_head, held, exact):
        """7.7, 3 and 4: the gaps below the end of the last range are lost. What is above it may be under way, unless the sync
        is exact."""
        end = self.own.head if exact else max((min(last, self.own.head) for _, last in held), default=peer_head)
        for n in range(peer_head + 1, end + 1):
            if n in self.own.entries and not any(first <= n <= last for first, last in held):
                self.send_entry(self.own.entries[n].sealed(self.line.id, self.sign_seed), ol.FULL)

    def ask_for_receipts(self):
        """7.9: an echo is asked while a receipt is missing; the sync that comes with its answer says what to send."""
        said = [e for e in self.own.entries.values() if e.kind != ol.RECEIPT]
        if self.current and said and not self.is_receipted(said[-1]):
            self.send(self.sync().bytes, self.echo(ask=True).bytes)

    def give_wanted(self, want):
        stream = self.own.entries if want.stream == self.side else self.theirs.entries
        start = b"" if want.stream == self.side else ol.Back().bytes
        there = [n for n in range(want.first, min(want.last, max(stream, default=0)) + 1) if n in stream]
        for n in there:
            entry = stream[n]
            if want.stream == self.side:
                entry = entry.sealed(self.line.id, self.sign_seed)
            self.send_entry(entry, ol.FULL if entry.seal else ol.HAS_PREV | ol.HAS_XHASH, start)
        first = there[-1] + 1 if there else want.first
        if first <= want.last:
            self.send(ol.Nothing(want.stream, first, want.last).bytes)

    def take_part(self, part):
        pieces = self.parts.setdefault((part.author, part.seq, part.total), {})
        pieces[part.offset] = part.piece
        whole = b"".join(pieces[offset] for offset in sorted(pieces))
        if len(whole) != part.total:
            return
        del self.parts[part.author, part.seq, part.total]
        entry = ol.WireEntry.read(ol.Reader(whole))
        ol.need(entry.seq == part.seq, "part: another number")
        self.take_entry(entry, part.author)

    # 6.3

    def rebuild(self, came, author, prev):
        xhash = came.xhash
        if xhash is None:
            named = (self.own if author == self.peer else self.theirs).entries.get(came.xseq)
            ol.need(came.xseq == 0 or named is not None, "entry: xhash not known")
            xhash = named.hash(self.line.id) if named else ol.ZEROS
        return came.rebuild(author, self.line.salt(author, came.seq), prev, xhash)

    def take_entry(self, came, author):
        if author == self.side:
            self.take_back(came)
        elif came.seq > self.theirs.head and came.seq not in self.theirs.early:
            if came.prev is not None and came.seal is not None:
                entry = self.rebuild(came, author, None)
                ol.need(entry.seal_holds(self.line.id, self.peer_key), "entry: the seal fails")
                self.theirs.early[came.seq] = entry
            else:
                self.theirs.aside[came.seq] = came
        else:
            self.counts["duplicate"] += 1

    def take_back(self, came):
        """6.8: the own stream, after a start without it. In order, each with prev, xhash and a seal of its own or later."""
        entry = self.rebuild(came, self.side, None)
        if not self.recover_to or entry.seq != self.own.head + 1 or entry.prev != self.own.hash:
            return
        self.own.add(entry, self.line.id)
        if entry.seal:
            ol.need(entry.seal_holds(self.line.id, self.card.sign_pk), "own entry: the seal fails")
            if entry.seq >= self.recover_to:
                self.recover_to, self.asking = 0, False

    def settle(self):
        while self.settle_early() or self.settle_aside():
            pass

    def settle_early(self):
        for entry in list(self.theirs.early.values()):
            if entry.seq == self.theirs.head + 1 and entry.prev == self.theirs.hash:
                self.stand([entry])
                del self.theirs.early[entry.seq]
                return True
        return False

    def settle_aside(self):
        run, prev, n = [], self.theirs.hash, self.theirs.head + 1
        while n in self.theirs.aside:
            try:
                run.append(self.rebuild(self.theirs.aside[n], self.peer, prev))
            except ol.Refused:
                self.send(ol.Want(self.peer, n, n).bytes)
                del self.theirs.aside[n]
                return False
            prev, n = run[-1].hash(self.line.id), n + 1
            early = self.theirs.early.get(n)
            if run[-1].seal is not None or early is not None and early.prev == prev:
                break
        else:
            return False
        for entry in run:
            del self.theirs.aside[entry.seq]
        if run[-1].seal is not None and not run[-1].seal_holds(self.line.id, self.peer_key):
            self.counts["run whose seal fails"] += 1
            self.send(ol.Want(self.peer, run[0].seq, run[-1].seq).bytes)
            return False
        self.stand(run)
        return True

    def stand(self, entries):
        for entry in entries:
            self.theirs.entries[entry.seq] = entry
            self.theirs.head, self.theirs.hash = entry.seq, entry.hash(self.line.id)
            try:
                desk.body_read(entry.kind, entry.body)
            except ol.Refused:
                self.unread.append(entry.seq)

    def receipt(self, before):
        """6.5, simplified: one receipt for what came to stand, with its highest precedence."""
        new = [self.theirs.entries[n] for n in range(before + 1, self.theirs.head + 1)]
        owed = [entry.flags & ol.PRECEDENCE for entry in new if entry.kind != ol.RECEIPT]
        if owed and not self.asking:
            unread, self.unread = self.unread, []
            entry = self.write(ol.RECEIPT, unread, max(owed))
            if self.current:
                self.send_entry(entry, ol.FULL)

    # what is said

    def write(self, kind, value, flags=ol.ROUTINE, sealed=True, body=None):
        """The next entry of this station, on its record, not sent yet."""
        assert not self.asking, "a station that asks signs nothing"
        seq = self.own.head + 1
        body = ol.cbor(value) if body is None else body
        entry = ol.Entry(self.side, kind, flags, seq, self.theirs.head, int(time.time()), body, self.own.hash,
                         self.theirs.hash, self.line.salt(self.side, seq))
        return self.own.add(entry.sealed(self.line.id, self.sign_seed) if sealed else entry, self.line.id)

    def send_entry(self, entry, form, start=b""):
        whole = entry.wire(form)
        if len(whole) + 21 <= CARRIER_MAX:
            self.send(start, whole)
            return
        whole = entry.wire(form & ~ol.HAS_LENGTH | ol.HAS_PREV | ol.HAS_XHASH)
        for at in range(0, len(whole), PART_MAX):
            self.send(ol.Part(entry.author, entry.seq, len(whole), at, whole[at:at + PART_MAX]).bytes)

    def say(self, kind, value, flags=ol.ROUTINE, form=ol.FULL):
        entry = self.write(kind, value, flags)
        self.send_entry(entry, form)
        return entry

    def is_receipted(self, entry):
        """Delivered: an entry of the peer's that stands names it, or one after it."""
        own = self.own.entries
        return any(e.xseq >= entry.seq and not e.flags & ol.ALONE and e.xseq in own and
                   e.xhash == own[e.xseq].hash(self.line.id) for e in self.theirs.entries.values())

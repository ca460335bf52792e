# SPDX-License-Identifier: Apache-2.0
"""The handshake and the frames (doc/protocol.md, section 7), written from that page and Noise revision 34."""
from openline import Refused, aead_nonce, aead_open, aead_seal, be, hkdf, mac, need, other, sha256, x25519, x25519_public

NAME = b"Noise_KKpsk0_25519_ChaChaPoly_SHA256"
MESSAGE_1, MESSAGE_2, FRAME = 0x10, 0x20, 0x30
WINDOW = 8128


def prologue(line):
    return b"openline/1" + line


class Noise:
    """KKpsk0. `trace` collects (step, what, value) for those who compare every one."""

    def __init__(self, line, psk, initiator_pk, responder_pk):
        self.h = self.ck = sha256(NAME)
        self.k = None
        self.trace = []
        self.note("name", h=self.h, ck=self.ck)
        for known in (prologue(line), initiator_pk, responder_pk):
            self.mix_hash(known)
        self.note("known", h=self.h)
        self.ck, mixed, self.k = self.spread(psk, 3)
        self.mix_hash(mixed)
        self.note("psk", h=self.h, ck=self.ck)

    def note(self, step, **values):
        self.trace += [(step, what, value) for what, value in values.items()]

    def mix_hash(self, data):
        self.h = sha256(self.h, data)

    def spread(self, key, count):
        temp, outputs = mac(self.ck, key), []
        for i in range(count):
            outputs.append(mac(temp, outputs[-1] if outputs else b"", bytes([i + 1])))
        return outputs

    def mix_key(self, key):
        self.ck, self.k = self.spread(key, 2)

    def mix_ephemeral(self, public):
        self.mix_hash(public)
        self.mix_key(public)
        self.note("e", h=self.h, ck=self.ck)

    def mix_dh(self, step, secret, public):
        shared = x25519(secret, public)
        self.mix_key(shared)
        self.note(step, dh=shared, ck=self.ck)

    def seal(self, payload):
        self.note("payload", k=self.k)
        sealed = aead_seal(self.k, aead_nonce(0), self.h, payload)
        self.mix_hash(sealed)
        self.note("payload", h=self.h)
        return sealed

    def open(self, sealed):
        payload = aead_open(self.k, aead_nonce(0), self.h, sealed)
        self.mix_hash(sealed)
        return payload

    def split(self):
        """The direction keys: initiator to responder, responder to initiator."""
        return self.spread(b"", 2)


class Call:
    """The initiator's side."""

    def __init__(self, line, side, dh_sk, ephemeral):
        self.line, self.side, self.dh_sk, self.ephemeral = line, side, dh_sk, ephemeral
        self.peer_pk = line.card[other(side)].dh_pk
        self.noise = Noise(line.id, line.psk, line.card[side].dh_pk, self.peer_pk)

    def message_1(self, payload=b""):
        public = x25519_public(self.ephemeral)
        self.noise.mix_ephemeral(public)
        self.noise.mix_dh("es", self.ephemeral, self.peer_pk)
        self.noise.mix_dh("ss", self.dh_sk, self.peer_pk)
        return public + self.noise.seal(payload)

    def read_2(self, message):
        """Payload and the two direction keys: ours, theirs."""
        self.noise.mix_ephemeral(message[:32])
        self.noise.mix_dh("ee", self.ephemeral, message[:32])
        self.noise.mix_dh("se", self.dh_sk, message[:32])
        return self.noise.open(message[32:]), *self.noise.split()


class Response:
    """The responder's side."""

    def __init__(self, line, side, dh_sk, ephemeral):
        self.dh_sk, self.ephemeral = dh_sk, ephemeral
        self.peer_pk = line.card[other(side)].dh_pk
        self.noise = Noise(line.id, line.psk, self.peer_pk, line.card[side].dh_pk)
        self.peer_ephemeral = None

    def read_1(self, message):
        self.peer_ephemeral = message[:32]
        self.noise.mix_ephemeral(self.peer_ephemeral)
        self.noise.mix_dh("es", self.dh_sk, self.peer_ephemeral)
        self.noise.mix_dh("ss", self.dh_sk, self.peer_pk)
        return self.noise.open(message[32:])

    def message_2(self, payload):
        """The message and the two direction keys: ours, theirs."""
        public = x25519_public(self.ephemeral)
        self.noise.mix_ephemeral(public)
        self.noise.mix_dh("ee", self.ephemeral, self.peer_ephemeral)
        self.noise.mix_dh("se", self.ephemeral, self.peer_pk)
        message = public + self.noise.seal(payload)
        theirs, ours = self.noise.split()
        return message, ours, theirs


def tag(key, first_two, message):
    return mac(key, first_two, message)[:8]


def handshake_message(kind, session, path, tag_key, message):
    first_two = bytes([kind, session << 4 | path])
    return first_two + tag(tag_key, first_two, message) + message


def handshake_read(data, tag_key):
    """Session, path and Noise message; Refused if the tag is another's."""
    need(len(data) >= 58, "handshake: too short")
    need(tag(tag_key, data[:2], data[10:]) == data[2:10], "handshake: the tag")
    return data[1] >> 4, data[1] & 15, data[10:]


def path_key(direction_key, path):
    return hkdf(direction_key, b"", b"openline/1 path" + bytes([path]))


def next_phase(direction_key):
    return hkdf(direction_key, b"", b"openline/1 next")


def widen(low, n):
    """7.5: the counter with these low 16 bits that is nearest to n, one above the highest received."""
    d = (low - n) % 2**16
    return n + d - 2**16 if d > 2**15 and n + d >= 2**16 else n + d


class Outgoing:
    """One direction of a session: what seals frames."""

    def __init__(self, direction_key, session):
        self.key, self.session, self.phase = direction_key, session, 0
        self.counters = {}

    def advance(self):
        self.key, self.phase = next_phase(self.key), self.phase + 1

    def seal(self, path, items):
        counter = self.counters.get(path, 0)
        self.counters[path] = counter + 1
        return self.seal_as(path, counter, items)

    def seal_as(self, path, counter, items):
        head = bytes([FRAME | self.phase % 2, self.session << 4 | path]) + be(counter % 2**16, 2)
        return head + aead_seal(path_key(self.key, path), aead_nonce(counter), head, items)


class Incoming:
    """The other direction: what opens them, each once."""

    def __init__(self, direction_key):
        self.previous, self.present, self.phase = None, direction_key, 0
        self.received = {}

    def highest(self, path):
        return max(self.received.get(path, ()), default=None)

    def open(self, frame):
        """Path, counter and items."""
        need(len(frame) >= 20, "frame: too short")
        path, head = frame[1] & 15, frame[:4]
        seen = self.received.setdefault(path, set())
        n = max(seen, default=-1) + 1
        counter = widen(int.from_bytes(frame[2:4], "big"), n)
        need(counter not in seen and n - counter <= WINDOW, "frame: a replay")
        items = self.open_in_phase(frame[0] & 1, path, counter, head, frame[4:])
        seen.add(counter)
        return path, counter, items

    def open_in_phase(self, bit, path, counter, head, sealed):
        if bit == self.phase % 2:
            return aead_open(path_key(self.present, path), aead_nonce(counter), head, sealed)
        coming = next_phase(self.present)
        try:
            items = aead_open(path_key(coming, path), aead_nonce(counter), head, sealed)
            self.previous, self.present, self.phase = self.present, coming, self.phase + 1
            return items
        except Refused:
            need(self.previous is not None, "frame: no key opens it")
            return aead_open(path_key(self.previous, path), aead_nonce(counter), head, sealed)

# SPDX-License-Identifier: Apache-2.0
"""Openline's forms, written from doc/protocol.md alone: cards, armour, derivations, entries, items, COBS. Section numbers are
those of that page. What does not read raises Refused."""
import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace
from typing import Optional

from nacl import bindings, exceptions

ZEROS = bytes(32)
A, B = 0x41, 0x42
RECEIPT, RESUME, CLOSE, SUCCEEDS, UNFREEZE = 32, 33, 34, 35, 36
MESSAGE, TAKE, READBACK, CONFIRM, CORRECT, DECLINE = 40, 41, 42, 43, 44, 45
FLASH, IMMEDIATE, PRIORITY, ROUTINE = 0xC0, 0x80, 0x40, 0x00
PRECEDENCE, EXERCISE, ALONE = 0xC0, 0x20, 0x10
HAS_SEAL, HAS_XHASH, HAS_PREV, HAS_LENGTH = 0x08, 0x04, 0x02, 0x01
FULL = HAS_SEAL | HAS_XHASH | HAS_PREV
BODY_MAX, TEXT_MAX, PAYLOAD_MAX, MESSAGE_MAX = 61440, 32768, 640, 4096
ENTRY_MAX, RANGES_MAX = 61584, 32


class Refused(ValueError):
    """What came does not have the form that the page gives it."""


def need(holds, said):
    if not holds:
        raise Refused(said)


def be(number, size):
    return number.to_bytes(size, "big")


class Reader:
    """Takes fields from the front of some bytes."""

    def __init__(self, data):
        self.data = bytes(data)
        self.at = 0

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        need(0 <= size <= self.left, "too few bytes")
        self.at += size
        return self.data[self.at - size:self.at]

    def uint(self, size):
        return int.from_bytes(self.take(size), "big")

    def end(self):
        need(self.left == 0, "bytes left over")


# 1: the primitives

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def hkdf(key, salt, info):
    return mac(mac(salt or ZEROS, key), info, b"\x01")


def x25519(secret, public):
    try:
        shared = bindings.crypto_scalarmult(secret, public)
    except exceptions.CryptoError as e:
        raise Refused("X25519 gives zeros") from e
    need(shared != ZEROS, "X25519 gives zeros")
    return shared


def x25519_public(secret):
    return bindings.crypto_scalarmult_base(secret)


def sign_public(seed):
    return bindings.crypto_sign_seed_keypair(seed)[0]


def sign(seed, message):
    return bindings.crypto_sign(message, bindings.crypto_sign_seed_keypair(seed)[1])[:64]


def sign_holds(public, message, signature):
    """libsodium verifies as strictly as the page; vectors.py holds it to that."""
    try:
        bindings.crypto_sign_open(signature + message, public)
    except exceptions.CryptoError:
        return False
    return True


def sign_key_is_good(public):
    """2.1: canonical, on the curve, in the subgroup of prime order (and not its neutral element)."""
    return bool(bindings.crypto_core_ed25519_is_valid_point(public))


def aead_seal(key, nonce, ad, plain):
    return bindings.crypto_aead_chacha20poly1305_ietf_encrypt(plain, ad, nonce, key)


def aead_open(key, nonce, ad, sealed):
    need(len(sealed) >= 16, "shorter than its tag")
    try:
        return bindings.crypto_aead_chacha20poly1305_ietf_decrypt(sealed, ad, nonce, key)
    except exceptions.CryptoError as e:
        raise Refused("the tag does not hold") from e


def aead_nonce(counter):
    return bytes(4) + counter.to_bytes(8, "little")


# 5.1: CBOR, the deterministic subset

def cbor_head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    size, low = next((s, low) for s, low in ((1, 24), (2, 25), (4, 26), (8, 27)) if number < 1 << 8 * s)
    return bytes([major << 5 | low]) + be(number, size)


def cbor(value):
    if isinstance(value, int):
        return cbor_head(0, value)
    if isinstance(value, bytes):
        return cbor_head(2, len(value)) + value
    if isinstance(value, str):
        return cbor_head(3, len(value.encode())) + value.encode()
    if isinstance(value, (list, tuple)):
        return cbor_head(4, len(value)) + b"".join(map(cbor, value))
    return cbor_head(5, len(value)) + b"".join(cbor(k) + cbor(value[k]) for k in sorted(value))


def cbor_number(r):
    first = r.uint(1)
    major, low = first >> 5, first & 31
    need(low <= 27, "CBOR: indefinite or reserved")
    if low < 24:
        return major, low
    size = 1 << low - 24
    number = r.uint(size)
    need(number >= (24 if size == 1 else 1 << 4 * size), "CBOR: not the shortest form")
    return major, number


def cbor_item(r, depth):
    need(depth <= 8, "CBOR: too deep")
    major, number = cbor_number(r)
    if major == 0:
        return number
    if major == 2:
        return r.take(number)
    if major == 3:
        try:
            return r.take(number).decode("utf-8")
        except UnicodeDecodeError as e:
            raise Refused("CBOR: not UTF-8") from e
    need(major in (4, 5) and number <= r.left, "CBOR: not of the subset, or longer than what is there")
    if major == 4:
        return [cbor_item(r, depth + 1) for _ in range(number)]
    found, last = {}, -1
    for _ in range(number):
        kind, key = cbor_number(r)
        need(kind == 0 and last < key < 2**64 - 1, "CBOR: keys are ascending unsigned integers")
        last = key
        found[key] = cbor_item(r, depth + 1)
    return found


def cbor_read(data):
    r = Reader(data)
    value = cbor_item(r, 1)
    r.end()
    return value


# 2: what people carry

LANGUAGE = re.compile(r"(?=.{2,35}\Z)[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*\Z", re.ASCII)
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")


def is_language(value):
    return isinstance(value, str) and bool(LANGUAGE.match(value))


def is_name(value):
    return isinstance(value, str) and 1 <= len(value.encode()) <= 64 and not CONTROLS.search(value)


@dataclass(frozen=True)
class Card:
    party: str
    station: str
    sign_pk: bytes
    dh_pk: bytes
    langs: tuple
    revocation: bytes

    @property
    def bytes(self):
        return cbor([1, self.party, self.station, self.sign_pk, self.dh_pk, self.langs, self.revocation])

    @property
    def fingerprint(self):
        return sha256(self.bytes)

    @classmethod
    def read(cls, data):
        need(len(data) <= PAYLOAD_MAX, "card: too long")
        fields = cbor_read(data)
        need(isinstance(fields, list) and len(fields) == 7 and fields[0] == 1, "card: not an array of 7 of suite 1")
        _, party, station, sign_pk, dh_pk, langs, revocation = fields
        need(is_name(party) and is_name(station), "card: a name")
        need(all(isinstance(k, bytes) and len(k) == 32 for k in (sign_pk, dh_pk, revocation)), "card: a key")
        need(isinstance(langs, list) and 1 <= len(langs) <= 8 and all(map(is_language, langs)), "card: languages")
        need(sign_key_is_good(sign_pk), "card: a signing key that is not good")
        return cls(party, station, sign_pk, dh_pk, tuple(langs), revocation)


CARD, COURIER_KEY, REVOCATION = "OPENLINE CARD", "OPENLINE COURIER KEY", "OPENLINE REVOCATION"
WHITE = " \t\n\v\f\r"


def armour(label, payload):
    text = base64.b64encode(payload + sha256(payload)[:4]).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def armour_read(label, text):
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    text = text.strip(WHITE)
    need(text.startswith(begin) and text.endswith(end) and len(text) >= len(begin) + len(end), "armour: boundaries")
    digits = "".join(c for c in text[len(begin):-len(end)] if c not in WHITE)
    try:
        data = base64.b64decode(digits, validate=True)
    except (binascii.Error, ValueError) as e:
        raise Refused("armour: not base64") from e
    need(base64.b64encode(data).decode() == digits, "armour: bits that no byte takes")
    need(4 <= len(data) <= PAYLOAD_MAX + 4 and sha256(data[:-4])[:4] == data[-4:], "armour: checksum or length")
    return data[:-4]


# 3: derivations

def public_id(courier_key):
    return hkdf(courier_key, b"", b"openline/1 id")


def line_id(id0, card_a, card_b):
    return sha256(b"openline/line/1\0", id0, sha256(card_a), sha256(card_b))


def comparison_code(tag_key, line):
    m = mac(tag_key, line)
    return "".join(f"{int.from_bytes(m[5 * i:5 * i + 5], 'big') % 100000:05d}" for i in range(6))


@dataclass(frozen=True)
class Line:
    """What both sides of a line compute from the two cards and the courier key."""
    id0: bytes
    card: dict
    id: bytes
    psk: bytes = b""
    tag_key: dict = field(default_factory=dict)
    salt_key: bytes = b""

    @classmethod
    def of(cls, id0, card_a, card_b):
        """As a reader of files knows it: without a secret. card_a, card_b: bytes, in this order."""
        cards = {A: Card.read(card_a), B: Card.read(card_b)}
        need(cards[A].sign_pk < cards[B].sign_pk, "the cards are not in the order A, B")
        return cls(id0, cards, line_id(id0, card_a, card_b))

    @classmethod
    def pair(cls, courier_key, one, other):
        card_a, card_b = sorted((Card.read(one), Card.read(other)), key=lambda card: card.sign_pk)
        known = cls.of(public_id(courier_key), card_a.bytes, card_b.bytes)

        def key(label):
            return hkdf(courier_key, known.id, label)
        tags = {A: key(b"openline/1 tag A"), B: key(b"openline/1 tag B")}
        return replace(known, psk=key(b"openline/1 noise"), tag_key=tags, salt_key=key(b"openline/1 salt"))

    def salt(self, author, seq):
        return mac(self.salt_key, bytes([author]), be(seq, 8))[:16]

    def code_shown_by(self, side):
        return comparison_code(self.tag_key[other(side)], self.id)


def other(side):
    return A + B - side


# 4: the entry

@dataclass(frozen=True)
class Entry:
    """A header with its body. seal is None while nothing but a later entry's seal covers it."""
    author: int
    kind: int
    flags: int
    seq: int
    xseq: int
    time: int
    body: bytes
    prev: bytes
    xhash: bytes
    salt: bytes
    seal: Optional[bytes] = None

    @property
    def commitment(self):
        return sha256(self.salt, self.body)

    def header(self, line):
        return b"".join((b"openline/entry/v1\0", line, bytes([self.author, self.kind, self.flags & 0xF0]),
                         be(self.seq, 8), self.prev, be(self.xseq, 8), self.xhash, be(self.time, 8), self.commitment))

    def hash(self, line):
        return entry_hash(self.header(line))

    def sealed(self, line, seed):
        return replace(self, seal=sign(seed, to_seal(self.header(line))))

    def seal_holds(self, line, public):
        return self.seal is not None and sign_holds(public, to_seal(self.header(line)), self.seal)

    def wire(self, form):
        """4.4, in the form of these presence bits."""
        parts = [bytes([self.kind, self.flags & 0xF0 | form])]
        if form & HAS_LENGTH:
            parts.append(be(len(self.body), 2))
        parts += [be(self.seq, 4), be(self.xseq, 4), be(self.time, 4), self.body]
        for bit, value in ((HAS_PREV, self.prev), (HAS_XHASH, self.xhash), (HAS_SEAL, self.seal)):
            if form & bit:
                parts.append(value)
        return b"".join(parts)


def entry_hash(header):
    return sha256(b"\0", header)


def to_seal(header):
    return bytes.fromhex("846a5369676e61747572653143a101274058ad") + header


def cose_sign1(header, seal):
    return bytes.fromhex("d28443a10127a058ad") + header + bytes.fromhex("5840") + seal


@dataclass(frozen=True)
class WireEntry:
    """What came of an entry; what did not come is None."""
    kind: int
    flags: int
    seq: int
    xseq: int
    time: int
    body: bytes
    prev: Optional[bytes]
    xhash: Optional[bytes]
    seal: Optional[bytes]

    @classmethod
    def read(cls, r):
        kind, flags = r.uint(1), r.uint(1)
        need(kind >= 32, "entry: kind below 32")
        length = r.uint(2) if flags & HAS_LENGTH else None
        seq, xseq, time = r.uint(4), r.uint(4), r.uint(4)
        need(seq > 0, "entry: seq 0")
        behind = sum(size for bit, size in ((HAS_PREV, 32), (HAS_XHASH, 32), (HAS_SEAL, 64)) if flags & bit)
        body = r.take(r.left - behind if length is None else length)
        need(len(body) <= BODY_MAX, "entry: body too long")
        prev = r.take(32) if flags & HAS_PREV else None
        xhash = r.take(32) if flags & HAS_XHASH else None
        seal = r.take(64) if flags & HAS_SEAL else None
        return cls(kind, flags & 0xF0, seq, xseq, time, body, prev, xhash, seal)

    def rebuild(self, author, salt, prev, xhash):
        """The entry, with prev and xhash of the reader's own where they did not come."""
        return Entry(author, self.kind, self.flags, self.seq, self.xseq, self.time, self.body,
                     prev if self.prev is None else self.prev, xhash if self.xhash is None else self.xhash, salt, self.seal)


# 5.2: bodies

def is_number(value):
    return isinstance(value, int) and 1 <= value < 2**32


def is_number_or_0(value):
    return isinstance(value, int) and value < 2**32


def is_text(value):
    return isinstance(value, str) and 1 <= len(value.encode()) <= TEXT_MAX


def is_hash(value):
    return isinstance(value, bytes) and len(value) == 32


def list_of(*kinds):
    return lambda value: isinstance(value, list) and len(value) == len(kinds) and all(k(v) for k, v in zip(kinds, value))


def succeeds_reads(value):
    return (list_of(is_hash, is_number_or_0, is_hash, is_number_or_0, is_hash)(value) and
            all(value[i] > 0 or value[i + 1] == ZEROS for i in (1, 3)))


BODIES = {       # and those of desk.py
    RECEIPT: lambda value: isinstance(value, list) and all(isinstance(v, int) for v in value),
    RESUME: list_of(is_number_or_0, is_number_or_0, lambda value: isinstance(value, str)),
    CLOSE: list_of(),
    SUCCEEDS: succeeds_reads,
    UNFREEZE: list_of(is_number_or_0, is_text),
    TAKE: list_of(is_number),
    CONFIRM: list_of(is_number, is_number_or_0),
    CORRECT: list_of(is_number, is_text),
    DECLINE: lambda value: list_of(is_number)(value) or list_of(is_number, is_text)(value),
}


def body_read(kind, body):
    """The body's value; Refused if it does not read."""
    value = cbor_read(body)
    need(kind in BODIES and BODIES[kind](value), "body: does not read")
    return value


# 7.6: items

@dataclass(frozen=True)
class Sync:
    own_head: int
    your_head: int
    your_hash: bytes
    held: tuple = ()
    starting: bool = False
    answer: bool = False

    @property
    def bytes(self):
        bits = self.starting << 7 | self.answer << 6 | len(self.held)
        return bytes([1, bits]) + be(self.own_head, 4) + be(self.your_head, 4) + self.your_hash + ranges_write(self.held)

    @classmethod
    def read(cls, r):
        bits = r.uint(1)
        own_head, your_head, your_hash = r.uint(4), r.uint(4), r.take(8)
        return cls(own_head, your_head, your_hash, ranges_read(r, bits & 63), bool(bits & 128), bool(bits & 64))


@dataclass(frozen=True)
class Aside:
    ranges: tuple

    @property
    def bytes(self):
        return bytes([2, len(self.ranges)]) + ranges_write(self.ranges)

    @classmethod
    def read(cls, r):
        return cls(ranges_read(r, r.uint(1)))


@dataclass(frozen=True)
class Echo:
    path: int
    counter: int
    delay_ms: int
    time: int
    ask: bool = False
    desk: int = 0
    off_record: bool = False

    @property
    def bytes(self):
        return bytes([3, self.ask << 7 | self.off_record << 6 | self.desk << 4 | self.path]) + be(self.counter, 4) + be(self.delay_ms, 2) + be(self.time, 4)

    @classmethod
    def read(cls, r):
        bits = r.uint(1)
        need(bits & 0x30 != 0x30, "echo: a desk of which nothing is said")
        return cls(bits & 15, r.uint(4), r.uint(2), r.uint(4), bool(bits & 128), bits >> 4 & 3, bool(bits & 64))


@dataclass(frozen=True)
class Span:
    """What a want and a none say: a range of one stream."""
    stream: int
    first: int
    last: int

    kind = 0

    @property
    def bytes(self):
        return bytes([self.kind, self.stream]) + be(self.first, 4) + be(self.last, 4)

    @classmethod
    def read(cls, r):
        stream, first, last = r.uint(1), r.uint(4), r.uint(4)
        need(stream in (A, B) and 1 <= first <= last, "range of a stream")
        return cls(stream, first, last)


class Want(Span):
    kind = 4


class Nothing(Span):
    """The item that the page calls `none`."""
    kind = 5


@dataclass(frozen=True)
class Back:
    bytes = b"\x06"

    @classmethod
    def read(cls, _):
        return cls()


@dataclass(frozen=True)
class Part:
    author: int
    seq: int
    total: int
    offset: int
    piece: bytes

    @property
    def bytes(self):
        return bytes([7, self.author]) + be(self.seq, 4) + be(self.total, 2) + be(self.offset, 2) + self.piece

    @classmethod
    def read(cls, r):
        part = cls(r.uint(1), r.uint(4), r.uint(2), r.uint(2), r.take(r.left))
        need(part.author in (A, B) and part.seq > 0 and part.piece, "part: author, seq or nothing in it")
        need(part.offset + len(part.piece) <= part.total <= ENTRY_MAX, "part: its place")
        return part


@dataclass(frozen=True)
class OffRecord:
    message: bytes

    @property
    def bytes(self):
        return b"\x08" + self.message

    @classmethod
    def read(cls, r):
        message = r.take(r.left)
        need(message, "off the record: nothing")
        return cls(message)


ITEMS = {1: Sync, 2: Aside, 3: Echo, 4: Want, 5: Nothing, 6: Back, 7: Part, 8: OffRecord}


def ranges_write(ranges):
    return b"".join(be(first, 4) + be(last, 4) for first, last in ranges)


def ranges_read(r, count):
    need(count <= RANGES_MAX, "ranges: too many")
    ranges, end = [], 0
    for _ in range(count):
        first, last = r.uint(4), r.uint(4)
        need(end < first <= last, "ranges: ascending, not overlapping")
        ranges.append((first, last))
        end = last
    return tuple(ranges)


def items_read(data):
    """The items and entries of a frame or payload, in order, up to the first that does not parse; and whether all did."""
    r, items = Reader(data), []
    try:
        while r.left:
            if r.data[r.at] >= 32:
                items.append(WireEntry.read(r))
            else:
                kind = r.uint(1)
                need(kind in ITEMS, "unknown item")
                items.append(ITEMS[kind].read(r))
    except Refused:
        return items, False
    return items, True


# 8: byte streams

def cobs(message):
    """Encoded, without the 00 that follows it."""
    coded, at = bytearray(), 0
    while True:
        stop = message.find(b"\0", at)
        stop = len(message) if stop < 0 else stop
        block = message[at:min(stop, at + 254)]
        coded += bytes([len(block) + 1]) + block
        at += len(block)
        if at == len(message):
            return bytes(coded)
        if len(block) < 254:
            at += 1


def cobs_read(coded):
    message, at = bytearray(), 0
    while at < len(coded):
        size = coded[at] - 1
        need(0 <= size <= len(coded) - at - 1, "COBS: a block that is not all there")
        need(0 not in coded[at + 1:at + 1 + size], "COBS: 00 in a block")
        message += coded[at + 1:at + 1 + size]
        at += size + 1
        if size < 254 and at < len(coded):
            message.append(0)
    return bytes(message)


class Stream:
    """Cuts what a byte stream brings into messages."""

    def __init__(self):
        self.rest = b""
        self.dropped = 0

    def read(self, data):
        *whole, self.rest = (self.rest + data).split(b"\0")
        messages = []
        for coded in filter(None, whole):
            try:
                messages.append(cobs_read(coded))
            except Refused:
                self.dropped += 1
        return messages

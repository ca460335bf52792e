#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes wire.json: one line between two fixed stations, with every value on the way to its bytes.

Written from the tables of the specification, not from the C, so that the two check each other. Needs
python3-nacl for Ed25519, X25519 and ChaCha20-Poly1305; hashes, HMAC and HKDF are the standard library's.
"""
import base64
import hashlib
import hmac
import json
import os
import struct

from nacl import bindings

LENGTH, PREV, XHASH, SEAL = 1, 2, 4, 8
FULL = PREV | XHASH | SEAL
ZEROS = bytes(32)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def hkdf(key, salt, info):
    return mac(mac(salt or ZEROS, key), info, b"\x01")


def fixed(name):
    """32 bytes that anyone can make again."""
    return sha256(b"openline test vector: ", name.encode())


def u16(v):
    return struct.pack(">H", v)


def u32(v):
    return struct.pack(">I", v)


def u64(v):
    return struct.pack(">Q", v)


# CBOR, shortest forms

def cbor(v):
    def head(major, n):
        if n < 24:
            return bytes([major << 5 | n])
        for info, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
            if n < 256 ** struct.calcsize(form):
                return bytes([major << 5 | info]) + struct.pack(form, n)
        raise ValueError(n)

    if isinstance(v, int):
        return head(0, v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(map(cbor, v))
    return head(5, len(v)) + b"".join(cbor(k) + cbor(v[k]) for k in sorted(v))


# Stations, cards, the line

class Station:
    def __init__(self, name, party, station, langs):
        self.seed = fixed(name + " sign")
        self.sign_pk, self.sign_sk = bindings.crypto_sign_seed_keypair(self.seed)
        self.dh_sk = fixed(name + " agree")
        self.dh_pk = bindings.crypto_scalarmult_base(self.dh_sk)
        self.party, self.station, self.langs = party, station, langs
        self.revokes = fixed(name + " revoke")
        self.revocation = sha256(self.revokes)
        self.card = cbor([1, party, station, self.sign_pk, self.dh_pk, langs, self.revocation])

    def describe(self):
        return {
            "sign_seed": self.seed, "sign_pk": self.sign_pk, "dh_sk": self.dh_sk, "dh_pk": self.dh_pk,
            "party": self.party, "station": self.station, "langs": self.langs,
            "revokes": self.revokes, "revocation": self.revocation,
            "card": self.card, "card_hash": sha256(self.card),
            "armour": armour("OPENLINE CARD", self.card),
        }


def armour(label, payload):
    text = base64.b64encode(payload + sha256(payload)[:4]).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN %s-----" % label] + lines + ["-----END %s-----" % label]) + "\n"


A, B = sorted((Station("north", "Republic of Northland", "Duty officer", ["en", "fr"]),
               Station("south", "Südland", "Lagezentrum", ["de"])), key=lambda s: s.sign_pk)
STATION = {"A": A, "B": B}
COURIER = fixed("courier key")
ID0 = hkdf(COURIER, b"", b"openline/1 id")
LINE = sha256(b"openline/line/1\0", ID0, sha256(A.card), sha256(B.card))
PSK = hkdf(COURIER, LINE, b"openline/1 noise")
TAG = {"A": hkdf(COURIER, LINE, b"openline/1 tag A"), "B": hkdf(COURIER, LINE, b"openline/1 tag B")}
SALT = hkdf(COURIER, LINE, b"openline/1 salt")


def code(tag_key):
    m = mac(tag_key, LINE)
    return "".join("%05d" % (int.from_bytes(m[5 * i:5 * i + 5], "big") % 100000) for i in range(6))


# Entries

class Entry:
    def __init__(self, author, kind, flags, seq, time, body, prev=None, other=None):
        self.author, self.kind, self.flags = author, kind, flags
        self.seq, self.time, self.body = seq, time, body
        self.prev = prev.hash if prev else ZEROS
        self.xseq, self.xhash = (other.seq, other.hash) if other else (0, ZEROS)
        self.salt = mac(SALT, author.encode(), u64(seq))[:16]
        self.commitment = sha256(self.salt, body)
        self.header = b"".join((
            b"openline/entry/v1\0", LINE, author.encode(), bytes([kind, flags]), u64(seq),
            self.prev, u64(self.xseq), self.xhash, u64(time), self.commitment))
        assert len(self.header) == 173
        self.hash = sha256(b"\0", self.header)
        self.to_seal = b"\x84\x6aSignature1\x43\xa1\x01\x27\x40\x58\xad" + self.header
        assert len(self.to_seal) == 192
        self.seal = bindings.crypto_sign(self.to_seal, STATION[author].sign_sk)[:64]

    def wire(self, presence):
        out = bytes([self.kind, self.flags | presence])
        if presence & LENGTH:
            out += u16(len(self.body))
        out += u32(self.seq) + u32(self.xseq) + u32(self.time) + self.body
        if presence & PREV:
            out += self.prev
        if presence & XHASH:
            out += self.xhash
        if presence & SEAL:
            out += self.seal
        return out

    def cose(self):
        out = b"\xd2\x84\x43\xa1\x01\x27\xa0\x58\xad" + self.header + b"\x58\x40" + self.seal
        assert len(out) == 248
        return out

    def describe(self):
        return {
            "author": self.author, "kind": self.kind, "flags": self.flags, "seq": self.seq,
            "xseq": self.xseq, "time": self.time, "body": self.body, "prev": self.prev,
            "xhash": self.xhash, "salt": self.salt, "commitment": self.commitment,
            "header": self.header, "hash": self.hash, "to_seal": self.to_seal, "seal": self.seal,
            "cose": self.cose(),
            "wire": [{"presence": p, "bytes": self.wire(p)} for p in range(16)],
        }


FLASH, ROUTINE, EXERCISE, ALONE = 0xc0, 0x00, 0x20, 0x10
a1 = Entry("A", 40, FLASH, 1, 1790000000, cbor("Three vessels crossed the line at 0412Z. Stand by."))
b1 = Entry("B", 32, FLASH | ALONE, 1, 1790000003, b"\x80", other=a1)
a2 = Entry("A", 40, ROUTINE | EXERCISE, 2, 1790000060, cbor({0: "Übung", 2: 1}), prev=a1, other=b1)
long = Entry("A", 40, 0x40, 2**25 + 7, 1790000999, cbor("x" * 600), prev=a2, other=b1)
ENTRIES = {"a1": a1, "b1": b1, "a2": a2, "long": long}


# Items

def ranges(rs):
    return b"".join(u32(f) + u32(t) for f, t in rs)


def sync(own, your, your_hash, held, starting=False, answer=False):
    bits = len(held) | starting << 7 | answer << 6
    return {"own_head": own, "your_head": your, "your_hash": your_hash, "starting": starting,
            "answer": answer, "held": [list(r) for r in held],
            "bytes": bytes([1, bits]) + u32(own) + u32(your) + your_hash + ranges(held)}


def aside(rs):
    return {"ranges": [list(r) for r in rs], "bytes": bytes([2, len(rs)]) + ranges(rs)}


def echo(path, ask, heard, counter, delay, time, desk=0, off_record=False):
    what = u32(counter) + u16(delay) if heard else u32(0) + b"\xff\xff"
    return {"path": path, "ask": ask, "heard": heard, "counter": counter, "delay_ms": delay,
            "time": time, "desk": desk, "off_record": off_record,
            "bytes": bytes([3, path | desk << 4 | off_record << 6 | ask << 7]) + what + u32(time)}


def want(kind, stream, first, last):
    return {"stream": stream, "from": first, "to": last,
            "bytes": bytes([kind]) + stream.encode() + u32(first) + u32(last)}


def part(entry, offset, size):
    whole = entry.wire(FULL)
    piece = whole[offset:offset + size]
    head = b"\x07" + entry.author.encode() + u32(entry.seq) + u16(len(whole)) + u16(offset)
    return {"author": entry.author, "seq": entry.seq, "total": len(whole), "offset": offset,
            "piece": piece, "bytes": head + piece}


SYNCS = [
    sync(2, 1, b1.hash[:8], []),
    sync(7, 2, a2.hash[:8], [(4, 4), (6, 9), (2**25, 2**25 + 7)], answer=True),
    sync(0, 0, bytes(8), [], starting=True),
]
ASIDE = aside([(3, 5), (6, 2**32 - 1)])
ECHOES = [echo(0, False, True, 4321, 250, 1790000060), echo(15, True, False, 0, 0, 1790000061),
          echo(2, False, True, 0, 0, 1790000062, desk=2, off_record=True)]
WANT = want(4, "A", 3, 9)
NONE = want(5, "B", 1, 1)
PARTS = [part(long, at, 256) for at in range(0, len(long.wire(FULL)), 256)]


# Handshake

class Noise:
    """Noise_KKpsk0_25519_ChaChaPoly_SHA256"""

    def __init__(self, initiator, prologue, s, rs):
        self.initiator, self.s, self.rs = initiator, s, rs
        self.ck = self.h = sha256(b"Noise_KKpsk0_25519_ChaChaPoly_SHA256")
        own = bindings.crypto_scalarmult_base(s)
        for data in (prologue, own if initiator else rs, rs if initiator else own):
            self.mix_hash(data)

    def mix_hash(self, data):
        self.h = sha256(self.h, data)

    def outputs(self, ikm, n):
        prk, out = mac(self.ck, ikm), [b""]
        for i in range(n):
            out.append(mac(prk, out[-1], bytes([i + 1])))
        return out[1:]

    def mix_key(self, ikm):
        self.ck, self.k = self.outputs(ikm, 2)

    def mix_psk(self, psk):
        self.ck, temp, self.k = self.outputs(psk, 3)
        self.mix_hash(temp)

    def dh(self, sk, pk):
        self.mix_key(bindings.crypto_scalarmult(sk, pk))

    def send_e(self, e):
        pk = bindings.crypto_scalarmult_base(e)
        self.e = e
        self.mix_hash(pk)
        self.mix_key(pk)
        return pk

    def take_e(self, pk):
        self.re = pk
        self.mix_hash(pk)
        self.mix_key(pk)

    def encrypt(self, payload):
        out = bindings.crypto_aead_chacha20poly1305_ietf_encrypt(payload, self.h, bytes(12), self.k)
        self.mix_hash(out)
        return out

    def decrypt(self, data):
        out = bindings.crypto_aead_chacha20poly1305_ietf_decrypt(data, self.h, bytes(12), self.k)
        self.mix_hash(data)
        return out


PROLOGUE = b"openline/1" + LINE
E1, E2 = fixed("ephemeral 1"), fixed("ephemeral 2")
SESSION, PATH = 2, 5

i = Noise(True, PROLOGUE, A.dh_sk, B.dh_pk)
r = Noise(False, PROLOGUE, B.dh_sk, A.dh_pk)
payload1 = a1.wire(SEAL)
i.mix_psk(PSK)
noise1 = i.send_e(E1)
i.dh(i.e, i.rs)
i.dh(i.s, i.rs)
noise1 += i.encrypt(payload1)
r.mix_psk(PSK)
r.take_e(noise1[:32])
r.dh(r.s, r.re)
r.dh(r.s, r.rs)
assert r.decrypt(noise1[32:]) == payload1
payload2 = SYNCS[0]["bytes"] + b1.wire(SEAL)
noise2 = r.send_e(E2)
r.dh(r.e, r.re)
r.dh(r.e, r.rs)
noise2 += r.encrypt(payload2)
i.take_e(noise2[:32])
i.dh(i.e, i.re)
i.dh(i.s, i.re)
assert i.decrypt(noise2[32:]) == payload2 and i.h == r.h
A_TO_B, B_TO_A = i.outputs(b"", 2)


def message(kind, sender, noise):
    first = bytes([kind << 4, SESSION << 4 | PATH])
    tag = mac(TAG[sender], first, noise)[:8]
    return {"sender": sender, "tag": tag, "noise": noise, "bytes": first + tag + noise}


HANDSHAKE = {
    "initiator": "A", "session": SESSION, "path": PATH, "prologue": PROLOGUE, "e1": E1, "e2": E2,
    "payload1": payload1, "message1": message(1, "A", noise1),
    "payload2": payload2, "message2": message(2, "B", noise2),
    "handshake_hash": i.h, "a_to_b": A_TO_B, "b_to_a": B_TO_A,
}


# Frames

def frame(direction, phase, path, counter, items):
    key = hkdf(direction, b"", b"openline/1 path" + bytes([path]))
    head = bytes([3 << 4 | phase, SESSION << 4 | path]) + u16(counter & 0xffff)
    nonce = bytes(4) + struct.pack("<Q", counter)
    sealed = bindings.crypto_aead_chacha20poly1305_ietf_encrypt(items, head, nonce, key)
    return {"direction_key": direction, "phase": phase, "session": SESSION, "path": path,
            "counter": counter, "path_key": key, "items": items, "bytes": head + sealed}


NEXT = hkdf(A_TO_B, b"", b"openline/1 next")
FRAMES = [
    frame(A_TO_B, 0, 5, 0, ECHOES[0]["bytes"] + SYNCS[0]["bytes"] + a2.wire(SEAL)),
    frame(B_TO_A, 0, 0, 0x1234567, ECHOES[1]["bytes"] + WANT["bytes"]),
    frame(NEXT, 1, 15, 0x1fffe, b"\x06" + b1.wire(LENGTH | PREV | XHASH) + PARTS[1]["bytes"]),
]


def plain(v):
    if isinstance(v, bytes):
        return v.hex()
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, list):
        return [plain(x) for x in v]
    return v


VECTORS = {
    "source": "make_wire.py",
    "courier_key": COURIER, "courier_armour": armour("OPENLINE COURIER KEY", COURIER), "id0": ID0,
    "a": A.describe(), "b": B.describe(), "line_id": LINE,
    "psk": PSK, "tag_key_a": TAG["A"], "tag_key_b": TAG["B"], "salt_key": SALT,
    "code_shown_by_a": code(TAG["B"]), "code_shown_by_b": code(TAG["A"]),
    "entries": {name: e.describe() for name, e in ENTRIES.items()},
    "syncs": SYNCS, "aside": ASIDE, "echoes": ECHOES, "want": WANT, "none": NONE, "back": b"\x06",
    "parts": PARTS, "handshake": HANDSHAKE, "next_phase_a_to_b": NEXT, "frames": FRAMES,
}

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wire.json")
with open(path, "w", encoding="utf-8") as f:
    json.dump(plain(VECTORS), f, indent=1, ensure_ascii=False)
    f.write("\n")

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes ed25519.json: signatures and keys that a strict verifier refuses, though a lax one takes them.

Standard library only; the curve is written from RFC 8032, section 5.1. Each case says whether the key
may stand on a card ("key") and whether the signature holds ("sig").
"""
import hashlib
import json
import os

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
ZERO = (0, 1)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P)


def mul(n, a):
    out = ZERO
    while n:
        if n & 1:
            out = add(out, a)
        a, n = add(a, a), n >> 1
    return out


def x_of(y, odd):
    """The x of a point, or None when there is none."""
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if x * x % P != x2:
        x = x * ROOT % P
    if x * x % P != x2:
        return None
    return P - x if x % 2 != odd else x


def encode(a):
    return (a[1] | (a[0] & 1) << 255).to_bytes(32, "little")


def number(y, sign):
    return (y | sign << 255).to_bytes(32, "little")


BASE = (x_of(4 * pow(5, P - 2, P) % P, 0), 4 * pow(5, P - 2, P) % P)
assert mul(L, BASE) == ZERO


def order_8():
    """A point of order 8: any point of the curve times L, until it is one."""
    y = 2
    while True:
        x = x_of(y, 0)
        t = mul(L, (x, y)) if x is not None else ZERO
        if mul(4, t) != ZERO:
            return t
        y += 1


T = order_8()
SMALL = [mul(i, T) for i in range(8)]
SEED = bytes(range(32))


def secret(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (2**254 - 8) | 2**254
    return a, h[32:]


def challenge(r, pk, message):
    return int.from_bytes(hashlib.sha512(r + pk + message).digest(), "little") % L


def sign(seed, message):
    a, prefix = secret(seed)
    k = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    pk, r = encode(mul(a, BASE)), encode(mul(k, BASE))
    return pk, r, (k + challenge(r, pk, message) * a) % L


def message_with(r, pk, wanted):
    """A message whose challenge is as wanted."""
    i = 0
    while not wanted(challenge(r, pk, b"message %d" % i)):
        i += 1
    return b"message %d" % i


cases = []


def case(claim, pk, message, r, s, key, sig):
    cases.append({"claim": claim, "pk": pk.hex(), "message": message.hex(),
                  "sig": (r + s.to_bytes(32, "little")).hex(), "key": key, "sig_holds": sig})


a, _ = secret(SEED)
A = mul(a, BASE)
pk, r, s = sign(SEED, b"strict")
case("an honest signature", pk, b"strict", r, s, True, True)
case("s + L", pk, b"strict", r, s + L, True, False)
case("s + 8 L", pk, b"strict", r, s + 8 * L, True, False)
case("s = L in place of 0", pk, b"strict", encode(ZERO), L, True, False)
case("another message", pk, b"Strict", r, s, True, False)

# R of small order. With R the identity the equation s B = R + h A holds for s = h a.
for claim, r in (("R is the identity", encode(ZERO)),
                 ("R is the identity, not canonical: y = p + 1", number(P + 1, 0)),
                 ("R is the identity, not canonical: sign of x = 0", number(1, 1)),
                 ("R is the identity, not canonical: both", number(P + 1, 1))):
    case(claim, pk, b"strict", r, challenge(r, pk, b"strict") * a % L, True, False)

# R with a part of small order: holds only times the cofactor.
k = 12345
r = encode(add(mul(k, BASE), T))
s = (k + challenge(r, pk, b"strict") * a) % L
case("R outside the prime-order subgroup", pk, b"strict", r, s, True, False)

# Keys of small order sign anything: with h a multiple of 8 the equation is s B = R.
k = 54321
r = encode(mul(k, BASE))
small = [("%d times a point of order 8" % i, encode(t)) for i, t in enumerate(SMALL)]
small += [("not canonical, y = %s, sign %d" % (name, sign_bit), number(y, sign_bit))
          for name, y, sign_bits in (("0 + p", P, (0, 1)), ("1 + p", P + 1, (0, 1)),
                                     ("1", 1, (1,)), ("-1", P - 1, (1,)))
          for sign_bit in sign_bits]
for claim, weak in small:
    message = message_with(r, weak, lambda h: h % 8 == 0)
    case("key of small order: " + claim, weak, message, r, k, False, False)

# A key with a part of small order: RFC 8032's equation without the cofactor holds where 8 divides h, so
# the key must be kept off the card.
mixed = encode(add(A, T))
message = message_with(r, mixed, lambda h: h % 8 == 0)
s = (k + challenge(r, mixed, message) * a) % L
case("key outside the prime-order subgroup", mixed, message, r, s, False, True)

# Other encodings with y >= p that are points, and numbers that are none.
for y in range(2, 19):
    if x_of(y, 0) is not None:
        case("key not canonical: y = p + %d" % y, number(P + y, 0), b"strict", r, k, False, False)
    else:
        case("key not on the curve: y = %d" % y, number(y, 0), b"strict", r, k, False, False)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ed25519.json")
with open(path, "w", encoding="utf-8") as f:
    json.dump({"source": "make_ed25519.py", "cases": cases}, f, indent=1)
    f.write("\n")

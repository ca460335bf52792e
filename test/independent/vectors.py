# SPDX-License-Identifier: Apache-2.0
"""Checks every value of test/vectors/wire.json against what this folder makes of doc/protocol.md. A value that no check has
read is a failure too."""
import json
import os
import re
import sys

import desk
import openline as ol
import session as ss

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, "..", "vectors")
PAGE = os.path.join(HERE, "..", "..", "doc", "protocol.md")
SIDES = {"A": ol.A, "B": ol.B}


def seed(name):
    return ol.sha256(b"openline test vector: " + name.encode())


class Values:
    """The file's values by path; each that was compared or used is crossed off."""

    def __init__(self, file):
        with open(file, encoding="utf-8") as f:
            self.root = json.load(f)
        self.left = set(self.leaves(self.root, ""))
        self.wrong = []
        self.checked = 0

    def leaves(self, value, path):
        if isinstance(value, (dict, list)) and value:
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                yield from self.leaves(inner, f"{path}.{key}" if path else str(key))
        else:
            yield path

    def get(self, path):
        value = self.root
        for key in path.split("."):
            value = value[int(key)] if isinstance(value, list) else value[key]
        self.left -= set(self.leaves(value, path))
        return value

    def hex(self, path):
        return bytes.fromhex(self.get(path))

    def same(self, path, ours):
        theirs = self.get(path)
        ours = ours.hex() if isinstance(ours, bytes) else ours
        self.checked += 1
        if theirs != ours:
            self.wrong.append(f"{path}: {theirs} in the file, {ours} here")

    def true(self, holds, said):
        self.checked += 1
        if not holds:
            self.wrong.append(said)


def check_line(v):
    courier = seed("courier key")
    v.same("courier_key", courier)
    v.same("courier_armour", ol.armour(ol.COURIER_KEY, courier))
    v.true(ol.armour_read(ol.COURIER_KEY, v.get("courier_armour")) == courier, "the courier key's armour reads")
    cards = {}
    for side in "ab":
        known = {key: v.get(f"{side}.{key}") for key in ("party", "station", "langs")}
        sign_seed, dh_sk = v.hex(f"{side}.sign_seed"), v.hex(f"{side}.dh_sk")
        v.same(f"{side}.sign_pk", ol.sign_public(sign_seed))
        v.same(f"{side}.dh_pk", ol.x25519_public(dh_sk))
        v.same(f"{side}.revocation", ol.sha256(v.hex(f"{side}.revokes")))
        card = ol.Card(known["party"], known["station"], ol.sign_public(sign_seed), ol.x25519_public(dh_sk),
                       tuple(known["langs"]), ol.sha256(v.hex(f"{side}.revokes")))
        v.same(f"{side}.card", card.bytes)
        v.same(f"{side}.card_hash", card.fingerprint)
        v.same(f"{side}.armour", ol.armour(ol.CARD, card.bytes))
        v.true(ol.Card.read(ol.armour_read(ol.CARD, v.get(f"{side}.armour"))) == card, f"{side}.card reads")
        cards[side] = card.bytes
    line = ol.Line.pair(courier, cards["b"], cards["a"])
    for name, value in (("id0", line.id0), ("line_id", line.id), ("psk", line.psk), ("salt_key", line.salt_key),
                        ("tag_key_a", line.tag_key[ol.A]), ("tag_key_b", line.tag_key[ol.B]),
                        ("code_shown_by_a", line.code_shown_by(ol.A)), ("code_shown_by_b", line.code_shown_by(ol.B))):
        v.same(name, value)
    return line


def check_entry(v, line, name):
    path = f"entries.{name}"
    author = SIDES[v.get(f"{path}.author")]
    numbers = {key: v.get(f"{path}.{key}") for key in ("kind", "flags", "seq", "xseq", "time")}
    entry = ol.Entry(author, body=v.hex(f"{path}.body"), prev=v.hex(f"{path}.prev"), xhash=v.hex(f"{path}.xhash"),
                     salt=line.salt(author, numbers["seq"]), **numbers)
    header = entry.header(line.id)
    entry = entry.sealed(line.id, v.hex(f"{chr(author).lower()}.sign_seed"))
    for key, value in (("salt", entry.salt), ("commitment", entry.commitment), ("header", header),
                       ("hash", ol.entry_hash(header)), ("to_seal", ol.to_seal(header)), ("seal", entry.seal),
                       ("cose", ol.cose_sign1(header, entry.seal))):
        v.same(f"{path}.{key}", value)
    v.true(len(header) == 173 and len(ol.to_seal(header)) == 192, f"{path}: lengths")
    v.true(entry.seal_holds(line.id, line.card[author].sign_pk), f"{path}: the seal holds")
    for form in range(16):
        v.same(f"{path}.wire.{form}.presence", form)
        v.same(f"{path}.wire.{form}.bytes", entry.wire(form))
        items, all_read = ol.items_read(entry.wire(form))
        v.true(all_read and len(items) == 1 and
               items[0].rebuild(author, entry.salt, entry.prev, entry.xhash).header(line.id) == header,
               f"{path}.wire.{form} reads and rebuilds")
    return entry


def check_item(v, path, item):
    v.same(f"{path}.bytes", item.bytes)
    items, all_read = ol.items_read(item.bytes)
    v.true(all_read and items == [item], f"{path} reads")


def check_items(v, line, entries):
    for i in range(len(v.root["syncs"])):
        path = f"syncs.{i}"
        held = tuple(map(tuple, v.get(f"{path}.held")))
        check_item(v, path, ol.Sync(v.get(f"{path}.own_head"), v.get(f"{path}.your_head"), v.hex(f"{path}.your_hash"), held,
                                    v.get(f"{path}.starting"), v.get(f"{path}.answer")))
    check_item(v, "aside", ol.Aside(tuple(map(tuple, v.get("aside.ranges")))))
    for i in range(len(v.root["echoes"])):
        path = f"echoes.{i}"
        heard = v.get(f"{path}.heard")
        delay = v.get(f"{path}.delay_ms")
        check_item(v, path, ol.Echo(v.get(f"{path}.path"), v.get(f"{path}.counter"), delay if heard else 0xFFFF,
                                    v.get(f"{path}.time"), v.get(f"{path}.ask"), v.get(f"{path}.desk"),
                                    v.get(f"{path}.off_record")))
    for name, kind in (("want", ol.Want), ("none", ol.Nothing)):
        check_item(v, name, kind(SIDES[v.get(f"{name}.stream")], v.get(f"{name}.from"), v.get(f"{name}.to")))
    v.same("back", ol.Back().bytes)
    whole = entries["long"].wire(ol.FULL)
    for i in range(len(v.root["parts"])):
        path = f"parts.{i}"
        offset = v.get(f"{path}.offset")
        piece = whole[offset:offset + 256]
        v.same(f"{path}.author", "A")
        v.same(f"{path}.piece", piece)
        part = ol.Part(ol.A, v.get(f"{path}.seq"), v.get(f"{path}.total"), offset, piece)
        v.true((part.seq, part.total) == (entries["long"].seq, len(whole)), f"{path}: seq and total")
        check_item(v, path, part)


def page_trace():
    """The values of 14.4 that are in the page and not in the file, in its order."""
    with open(PAGE, encoding="utf-8") as f:
        text = f.read()
    block = text[text.index("    after the name"):text.index("    Split ")]
    return [(what.lower(), value) for what, value in re.findall(r"\b(h, ck|h|ck|DH|k) +([0-9a-f]{64})", block)]


def check_handshake(v, line, entries):
    h = "handshake"
    v.same(f"{h}.initiator", "A")
    v.same(f"{h}.prologue", ss.prologue(line.id))
    number, path = v.get(f"{h}.session"), v.get(f"{h}.path")
    call = ss.Call(line, ol.A, v.hex("a.dh_sk"), v.hex(f"{h}.e1"))
    response = ss.Response(line, ol.B, v.hex("b.dh_sk"), v.hex(f"{h}.e2"))
    payload_1 = entries["a1"].wire(ol.HAS_SEAL)
    payload_2 = v.hex("syncs.0.bytes") + entries["b1"].wire(ol.HAS_SEAL)
    v.same(f"{h}.payload1", payload_1)
    v.same(f"{h}.payload2", payload_2)
    message_1 = call.message_1(payload_1)
    v.true(response.read_1(message_1) == payload_1, "message 1 opens")
    message_2, b_to_a, b_from_a = response.message_2(payload_2)
    got, a_to_b, a_from_b = call.read_2(message_2)
    v.true(got == payload_2 and (a_to_b, a_from_b) == (b_from_a, b_to_a), "message 2 opens, both sides split alike")
    for i, kind, side, message in ((1, ss.MESSAGE_1, ol.A, message_1), (2, ss.MESSAGE_2, ol.B, message_2)):
        whole = ss.handshake_message(kind, number, path, line.tag_key[side], message)
        v.same(f"{h}.message{i}.sender", chr(side))
        v.same(f"{h}.message{i}.noise", message)
        v.same(f"{h}.message{i}.tag", whole[2:10])
        v.same(f"{h}.message{i}.bytes", whole)
        v.true(ss.handshake_read(whole, line.tag_key[side]) == (number, path, message), f"message {i} reads")
    v.same(f"{h}.handshake_hash", call.noise.h)
    v.same(f"{h}.a_to_b", a_to_b)
    v.same(f"{h}.b_to_a", b_to_a)
    ours = [(what, value.hex()) for _, what, value in merge_traces(call.noise.trace, response.noise.trace)]
    theirs = [("ck", value) if what == "h, ck" else (what, value) for what, value in page_trace()]
    v.true(ours == theirs, "14.4: every step of the handshake")
    return a_to_b, b_to_a


def merge_traces(initiator, responder):
    """Message 1 as its sender saw it, message 2 as its: the page's order. The page gives h and ck of the name as one."""
    cut = next(i for i, step in enumerate(initiator) if step[:2] == ("payload", "h")) + 1
    return initiator[1:cut] + responder[cut - 2:]


def check_frames(v, directions, entries):
    v.same("next_phase_a_to_b", ss.next_phase(directions[0]))
    receivers = {}
    for i in range(len(v.root["frames"])):
        path = f"frames.{i}"
        key, phase = v.hex(f"{path}.direction_key"), v.get(f"{path}.phase")
        way = 0 if key in (directions[0], ss.next_phase(directions[0])) else 1
        v.true(key == (ss.next_phase(directions[way]) if phase else directions[way]), f"{path}: its direction and phase")
        items, line_path, counter = v.hex(f"{path}.items"), v.get(f"{path}.path"), v.get(f"{path}.counter")
        v.same(f"{path}.path_key", ss.path_key(key, line_path))
        out = ss.Outgoing(directions[way], v.get(f"{path}.session"))
        if phase:
            out.advance()
        frame = out.seal_as(line_path, counter, items)
        v.same(f"{path}.bytes", frame)
        into = receivers.setdefault(way, ss.Incoming(directions[way]))
        if counter > 2**15:     # widening starts from what was received before
            into.received[line_path] = {counter - 1}
        v.true(into.open(frame) == (line_path, counter, items), f"{path} opens")
        v.true(ol.items_read(items)[1], f"{path}: its items read")
    a2, b1 = entries["a2"], entries["b1"]
    v.true(v.hex("frames.0.items") == v.hex("echoes.0.bytes") + v.hex("syncs.0.bytes") + a2.wire(ol.HAS_SEAL), "frames.0.items")
    v.true(v.hex("frames.1.items") == v.hex("echoes.1.bytes") + v.hex("want.bytes"), "frames.1.items")
    v.true(v.hex("frames.2.items") == ol.Back().bytes + b1.wire(7) + v.hex("parts.1.bytes"), "frames.2.items")


def check(file=os.path.join(VECTORS, "wire.json")):
    """How many checks were made, and what is wrong."""
    v = Values(file)
    v.get("source")
    line = check_line(v)
    entries = {name: check_entry(v, line, name) for name in v.root["entries"]}
    v.true(entries["a2"].prev == entries["a1"].hash(line.id) and entries["a2"].xhash == entries["b1"].hash(line.id) and
           entries["b1"].xhash == entries["a1"].hash(line.id), "the entries chain and name each other")
    v.true(not body_reads(entries["a2"]) and all(map(body_reads, (entries["a1"], entries["b1"], entries["long"]))), "bodies")
    check_items(v, line, entries)
    check_frames(v, check_handshake(v, line, entries), entries)
    return v.checked, v.wrong + [f"{path}: nothing checked it" for path in sorted(v.left)]


def body_reads(entry):
    try:
        desk.body_read(entry.kind, entry.body)
        return True
    except ol.Refused:
        return False


def check_ed25519(file=os.path.join(VECTORS, "ed25519.json")):
    """The strict verification: what is wrong."""
    with open(file, encoding="utf-8") as f:
        cases = json.load(f)["cases"]
    wrong = []
    for case in cases:
        public, message, signature = (bytes.fromhex(case[key]) for key in ("pk", "message", "sig"))
        if (ol.sign_key_is_good(public), ol.sign_holds(public, message, signature)) != (case["key"], case["sig_holds"]):
            wrong.append(case["claim"])
    return len(cases), wrong


if __name__ == "__main__":
    for count, faults in (check(), check_ed25519()):
        print(f"{count} checked, {len(faults)} wrong", *faults, sep="\n  ")
        if faults:
            sys.exit(1)

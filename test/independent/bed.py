# SPDX-License-Identifier: Apache-2.0
"""One real station (test/stations.py) and one of this folder's, paired, on one TCP path."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import openline as ol       # noqa: E402
import stations             # noqa: E402
from station import Station     # noqa: E402

LINE = "sylvania"


class Bed:
    """The station of this folder is side `side`; it connects to the real one, or listens for it."""

    def __init__(self, side, listens=False):
        self.folder = tempfile.mkdtemp(prefix="openline-")
        self.real = stations.Station(self.folder, "Ruritania", "Foreign ministry watch", "en")
        courier_key = os.path.join(self.folder, "courier.key")
        self.real.must("psk", "-o", courier_key)
        theirs = ol.Card.read(self.payload(ol.CARD, self.real.card))
        self.here = Station()
        while (self.here.card.sign_pk < theirs.sign_pk) != (side == ol.A):
            self.here = Station()
        self.here.pair(self.payload(ol.COURIER_KEY, courier_key), theirs)
        self.card = os.path.join(self.folder, "here.card")
        with open(self.card, "w", encoding="ascii") as f:
            f.write(ol.armour(ol.CARD, self.here.card.bytes))
        self.port = self.here.listen() if listens else stations.free_port()
        self.pairing = self.real.must(
            "pair", LINE, "--card", self.card, "--psk", courier_key, "--code", self.here.code, "--path",
            f"tcp:{'connect' if listens else 'listen'}:127.0.0.1:{self.port}", "--json").json

    @staticmethod
    def payload(label, file):
        with open(file, encoding="ascii") as f:
            return ol.armour_read(label, f.read())

    def up(self):
        self.real.must("up")
        if not self.here.listener:
            self.here.connect(self.port)
            self.here.call()
        self.here.until(lambda: self.here.current and not self.here.asking, "a session, and the peer's ANSWER")
        self.here.until(lambda: self.real.line(LINE)["signing"] == "ready", "the real station may sign")
        return self

    def close(self):
        self.real.run("down")
        self.here.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *args):
        """openline on the real station, while this one goes on pumping: its exit code and output."""
        p = subprocess.Popen([stations.program("openline"), "-C", self.real.home, *args], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.here.until(lambda: p.poll() is not None, f"openline {args[0]} to end", 20)
        out, err = p.communicate()
        return p.returncode, (out + err).decode()

    def send(self, text, *args):
        """A text of the real station's, delivered to this one: its entry here."""
        before = self.here.theirs.head
        code, said = self.run("send", LINE, text, "--wait", "delivered", "--timeout", "10", *args)
        assert code == 0, said
        return next(e for n, e in sorted(self.here.theirs.entries.items()) if n > before and e.kind == ol.MESSAGE)

    def receipted(self, entry):
        self.here.until(lambda: self.here.is_receipted(entry), "the real station's receipt")
        return entry

    def log(self):
        return {e["id"]: e for e in self.real.must("log", LINE, "--json").lines}

    def listed(self):
        return {m["id"]: m for m in self.real.must("list", LINE, "--json").lines}

    def is_even(self):
        line = self.real.line(LINE)
        return (line["own_head"], line["peer_head"]) == (self.here.theirs.head, self.here.own.head)

    def name(self, entry):
        return f"{chr(entry.author)}{entry.seq}"

    def export(self):
        """The real station's export, and what openline-verify says of it."""
        file = os.path.join(self.folder, "record.export")
        if os.path.exists(file):
            os.unlink(file)
        self.real.must("export", LINE, "-o", file)
        cards = ["--card", self.real.card, "--card", self.card]
        done = subprocess.run([stations.program("openline-verify"), *cards, file, "--json"], capture_output=True, check=False)
        with open(file, "rb") as f:
            return f.read(), stations.Answer(done)

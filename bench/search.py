#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How fast the first page of a search is with many messages on record, beside the floor that the engine sets (whole
words in its full-text table, asked for from this process): bench/search.py [ENTRIES]"""
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "test"))
import stations  # noqa: E402

MS_MOST = 50
A_CALL = 500
ROUNDS = 21
WORDS = ("convoy launch treaty exercise missile border patrol vessel aircraft inspection delay notice agreed position "
         "speed").split()
RUSSIAN = "учения ракета конвой корабль граница патруль уведомление договор позиция скорость".split()
CHINESE = "军事演习导弹发射边境巡逻船只飞机检查延迟通知同意位置速度护航条约明日举行开始结束确认"


def texts(n):
    chance = random.Random(4)
    for i in range(n):
        if i % 3 == 0:
            yield f"{i} " + "".join(chance.choice(CHINESE) for _ in range(30))
        else:
            words = RUSSIAN if i % 3 == 1 else WORDS
            said = " ".join(chance.choice(words) + chance.choice(["", "s", "x"]) for _ in range(12))
            yield f"{said} {i:06}-{i % 89}/AB"


def fill(pair, entries):
    """As many messages as that, delivered; half of them from each side."""
    said = list(texts(entries))
    for side, (station, line) in enumerate(((pair.a, "freedonia"), (pair.b, "ruritania"))):
        own = [{"text": text} for text in said[side::2]]
        for at in range(0, len(own), A_CALL):
            answer = station.rpc("send", {"line": line, "wait": "delivered", "messages": own[at:at + A_CALL],
                                          "timeout_ms": 60000}, 90)
            if answer["result"]["outcome"] != "done":
                raise AssertionError(f"not delivered: {answer['result']['outcome']}")
    print(f"{entries} messages on record")


def median_ms(what):
    took = []
    for _ in range(ROUNDS):
        begun = time.monotonic()
        what()
        took.append(1000 * (time.monotonic() - begun))
    return statistics.median(took)


def floor(folder, entries):
    db = sqlite3.connect(os.path.join(folder, "floor.db"))
    db.execute("CREATE VIRTUAL TABLE t USING fts5 (said, content = '', tokenize = 'ascii')")
    db.executemany("INSERT INTO t VALUES (?)", ((text,) for text in texts(entries)))
    db.commit()
    return db


def queries(entries):
    """What a person types, and what the engine is asked for the same, where it can be asked."""
    i = entries * 2 // 9 * 3 + 1
    return ((f"{i:06}", f'"{i:06}"'), ("演习 飞机", None), ("演", None),
            ("ракеты договору", '"ракета" AND "договор"'), ("convoy treaty", '"convoy" AND "treaty"'),
            ("convoy", '"convoy"'), (time.strftime("%Y-%m", time.gmtime()), None))


def measure(pair, db, query, match):
    asked = {"line": "freedonia", "query": query}
    found = len(pair.a.rpc("search", asked)["result"]["messages"])
    took = median_ms(lambda: pair.a.rpc("search", asked))
    said = f"{query:20} {found:3} shown: {took:6.2f} ms"
    if match:
        ask = "SELECT rowid FROM t WHERE t MATCH ? LIMIT 50"
        said += f"; floor {median_ms(lambda: db.execute(ask, (match,)).fetchall()):.2f} ms"
    print(said + ("" if took <= MS_MOST else f"  (wanted: {MS_MOST} ms or less)"))


def main():
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    pair = stations.Pair(proxied=False)
    try:
        pair.up()
        fill(pair, entries)
        begun = time.monotonic()
        pair.a.rpc("search", {"line": "freedonia", "query": "convoy"}, 600)
        print(f"the index is there {time.monotonic() - begun:.1f} s after the last message, "
              f"{os.path.getsize(os.path.join(pair.a.home, 'search.db')) / 2**20:.0f} MiB")
        db = floor(pair.folder, entries)
        for query, match in queries(entries):
            measure(pair, db, query, match)
        with open(f"/proc/{pair.a.pids()['openlined']}/status", encoding="ascii") as f:
            print("memory:", *(row.strip() for row in f if row.startswith(("VmRSS", "VmHWM"))))
    finally:
        pair.close()


if __name__ == "__main__":
    if "OPENLINE_BIN" not in os.environ:
        subprocess.run([os.path.join(TOP, "build")], check=True)
    main()

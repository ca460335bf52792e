#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo: what the line is for, told by two real stations. Every line is a program's answer, and checked."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stations

KEEP = "--keep" in sys.argv[1:]


def say(text=""):
    print(text, flush=True)


def title(text):
    say()
    say(f"== {text}")


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: expected {wanted!r}, the program said {got!r}")


def show(station, line, message):
    m = station.must("show", line, message, "--json").json
    arrow = "<-" if m["direction"] == "in" else "->"
    say(f"   {station.party:9} {arrow} {m['id']:4} {m['precedence'].upper():9} {m['state']:10} "
        f"[{m['lang']}] {m['text']}")
    return m


def pairing(pair):
    title("Two stations, paired by cards and a courier key; people compare the codes")
    say(f"   Ruritania reads out  {pair.code_a[:15]} {pair.code_a[15:]}")
    say(f"   Freedonia reads out  {pair.code_b[:15]} {pair.code_b[15:]}")
    wrong = pair.a.run("pair", "freedonia", "--code", pair.code_a)
    expect("one's own code typed in", wrong.code, 13)
    say(f"   one's own code typed in is refused: {wrong.err.strip().splitlines()[-1]}")
    begin = time.monotonic()
    pair.up()
    for station, line in ((pair.a, "freedonia"), (pair.b, "ruritania")):
        shown = station.line(line)
        expect("compared", shown["compared"], True)
        say(f"   {station.party}: line {line} is {shown['state']}, compared: {shown['compared']}")
    say(f"   up on both sides after {time.monotonic() - begin:.1f} s")


def flash(pair):
    title("A FLASH, delivered to the other side's disk and signed for")
    sent = pair.a.must("send", "freedonia", "-p", "flash", "Unidentified aircraft, 30 km west of the line, heading 090.",
                       "--wait", "delivered", "--json").json
    expect("state", sent["state"], "delivered")
    say(f"   {sent['id']} {sent['precedence'].upper()} {sent['state']} {sent['delivered_at']}")
    show(pair.b, "ruritania", sent["id"])

    title("A person takes it, reads it back; its sender confirms")
    for station, line, words in ((pair.b, "ruritania", ["take", sent["id"]]),
                                 (pair.b, "ruritania", ["readback", sent["id"], "不明飞机，线西三十公里，航向零九零。"]),
                                 (pair.a, "freedonia", ["confirm", sent["id"]])):
        act = station.must(words[0], line, *words[1:], "--json").json
        say(f"   {station.party} {words[0]:9} {act['entry']:4} -> {act['id']} is {act['state']}")
        stations.wait_for(lambda: pair.a.must("show", "freedonia", sent["id"], "--json").json["state"] == act["state"] ==
                          pair.b.must("show", "ruritania", sent["id"], "--json").json["state"], f"both to see {act}")
    expect("state", act["state"], "confirmed")

    title("The answer in Chinese, misread, corrected, read back again")
    answer = pair.b.must("send", "ruritania", "-p", "immediate", "是我方气象飞机，三小时后返航。", "--wait", "delivered",
                         "--json").json
    show(pair.a, "freedonia", answer["id"])
    for station, line, words in ((pair.a, "freedonia", ["take", answer["id"]]),
                                 (pair.a, "freedonia", ["readback", answer["id"], "Weather aircraft, returns in 2 hours."]),
                                 (pair.b, "ruritania", ["correct", answer["id"], "气象飞机，三小时后返航，不是两小时。"]),
                                 (pair.a, "freedonia", ["readback", answer["id"], "Weather aircraft, returns in 3 hours."]),
                                 (pair.b, "ruritania", ["confirm", answer["id"]])):
        act = station.must(words[0], line, *words[1:], "--json").json
        say(f"   {station.party} {words[0]:9} {' '.join(words[2:])} -> {act['state']}")
        stations.wait_for(lambda: pair.a.must("show", "freedonia", answer["id"], "--json").json["state"] == act["state"] ==
                          pair.b.must("show", "ruritania", answer["id"], "--json").json["state"], f"both to see {act}")
    expect("state", act["state"], "confirmed")


def form_lines(station, line, message, *options):
    shown = station.must("show", line, message, "--json", *options).json
    for field in shown["fields"]:
        say(f"        {field['n']}. {field['label']}: {field['text']}")
    return shown


def launch(pair):
    title("A launch notification: sent in English, read in Chinese, no translator between")
    fields = {"1": "2026-12-01", "2": "LAND", "3": "62.9000N 040.6000E 20 km", "4": "57.0000N 160.0000E 60 km"}
    sent = pair.a.must("send", "freedonia", "--form", "LAUNCH", "--answer", "wu", "--wait", "delivered", "--json",
                       *[word for n, value in fields.items() for word in ("--field", f"{n}={value}")]).json["id"]
    shown = form_lines(pair.b, "ruritania", sent)
    expect("what its fields say", {str(field["n"]): field["value"] for field in shown["fields"]}, fields)

    title("Read back field by field; a wrong date is found at once, and stays on the record")
    pair.b.must("take", "ruritania", sent)
    misread = dict(fields, **{"1": "2026-12-11"})
    for values, code in ((misread, 12), (fields, 0)):
        back = pair.b.run("readback", "ruritania", sent, *[w for n, v in values.items() for w in ("--field", f"{n}={v}")])
        expect("exit code", back.code, code)
        say(f"   field 1 read back as {values['1']}: exit {back.code}")
    stations.wait_for(lambda: show_state(pair, sent) == "confirmed", "both to see it confirmed")
    pair.b.must("wilco", "ruritania", sent)

    title("Postponed: a later message takes its place, and who took the first must take it")
    later = dict(fields, **{"1": "2026-12-02"})
    new = pair.a.must("send", "freedonia", "--form", "LAUNCH", "--answer", "wu", "--corrects", sent, "--wait", "delivered",
                      "--json", *[word for n, value in later.items() for word in ("--field", f"{n}={value}")]).json["id"]

    def alarms():
        return [a["about"] for a in pair.b.must("alarm", "list", "--json").lines
                if a["kind"] == "superseded_untaken" and a["state"] != "rectified"]
    stations.wait_for(lambda: alarms() == [sent], "the alarm")
    say(f"   {sent} is superseded by {new}: an alarm at Freedonia's desk until {new} is taken")
    pair.b.must("take", "ruritania", new)
    stations.wait_for(lambda: not alarms(), "the alarm to be over")
    say(f"   {new} is taken: the alarm is over")


def cut(pair):
    title("The path is cut: the line says so, a message waits")
    os.kill(pair.b.pids()["openline-relay"], signal.SIGKILL)
    stations.wait_for(lambda: pair.a.line("freedonia")["state"] == "down", "the cut to show")
    say(f"   Ruritania: line freedonia is {pair.a.line('freedonia')['state']}")
    late = pair.a.run("send", "freedonia", "-p", "priority", "Our patrol turns back at 1800Z.", "--wait", "delivered",
                      "--timeout", "1", "--json")
    expect("exit code", late.code, 10)
    waiting = late.json
    say(f"   {waiting['id']} is {waiting['state']}; exit {late.code}: not delivered in time")
    pair.b.must("up")
    stations.wait_for(lambda: show_state(pair, waiting["id"]) == "delivered", "the message to arrive")
    say("   the path is mended:")
    show(pair.b, "ruritania", waiting["id"])


def backup(pair):
    title("Freedonia backs its station up, into one file that holds its secrets")
    file = os.path.join(pair.folder, "freedonia.backup")
    done = pair.b.must("backup", "-o", file, "--json").json
    expect("bytes", done["bytes"], os.path.getsize(file))
    say(f"   {done['bytes']} bytes; {len(stations.record(pair.b, 'ruritania'))} entries on record at this moment")
    since = pair.b.must("send", "ruritania", "三小时后再报。", "--wait", "delivered", "--json").json
    say("   and goes on:")
    show(pair.a, "freedonia", since["id"])


def restore(pair):
    title("Freedonia loses its home; the backup is older than what it has said since")
    before = stations.record(pair.b, "ruritania")
    own = pair.b.line("ruritania")["side"]
    pair.b.must("down")
    os.rename(pair.b.home, pair.b.home + ".lost")
    pair.b.must("restore", pair.b.home, os.path.join(pair.folder, "freedonia.backup"))
    old = pair.b.line("ruritania")
    say(f"   restored: its own entries go up to {own}{old['own_head']}")
    expect("entries are missing", f"{own}{old['own_head'] + 1}" in before, True)
    pair.b.must("up")
    stations.wait_for(lambda: before.keys() <= stations.record(pair.b, "ruritania").keys(), "what it wrote to come back")
    now = stations.record(pair.b, "ruritania")
    for i in before:
        expect(f"hash of {i}", now[i]["hash"], before[i]["hash"])
    back = [i for i in before if i[0] == own and int(i[1:]) > old["own_head"]]
    say(f"   taken back from Ruritania: {', '.join(back)}")
    sent = pair.b.must("send", "ruritania", "本站已从备份恢复。", "--wait", "delivered", "--json").json
    resume = next(e for e in stations.record(pair.b, "ruritania").values() if e["kind"] == "resume")
    say(f"   {resume['id']} resume, on record: \"{resume['text']}\"")
    show(pair.a, "freedonia", sent["id"])


def show_state(pair, message):
    return pair.a.must("show", "freedonia", message, "--json").json["state"]


def verify(pair):
    title("The record, exported and verified by a separate program with no station and no network")
    file = os.path.join(pair.folder, "record.export")
    pair.a.must("export", "freedonia", "-o", file)
    command = [stations.program("openline-verify"), "--card", pair.a.card, "--card", pair.b.card, file]
    good = subprocess.run(command, capture_output=True, text=True)
    expect("exit code", good.returncode, 0)
    for line in good.stdout.strip().splitlines():
        say(f"   {line}")
    with open(file, "rb") as f:
        data = bytearray(f.read())
    at = len(data) // 2
    data[at] ^= 1
    with open(file, "wb") as f:
        f.write(data)
    bad = subprocess.run(command, capture_output=True, text=True)
    expect("exit code", bad.returncode, 12)
    say(f"   one bit of byte {at} flipped: exit {bad.returncode}")
    for line in (bad.stderr + bad.stdout).strip().splitlines():
        say(f"   {line}")


def main():
    begin = time.monotonic()
    pair = stations.Pair(proxied=False)
    keep = False
    try:
        for step in (pairing, flash, launch, backup, cut, restore, verify):
            step(pair)
        keep = KEEP
        say()
        say(f"All of it as expected, in {time.monotonic() - begin:.1f} s.")
        if keep:
            say(f"Both stations go on: openline -C {pair.a.home} status, openline -C {pair.b.home} status")
        return 0
    except (AssertionError, KeyError, IndexError, ValueError) as wrong:
        say(f"WRONG: {wrong}")
        return 1
    finally:
        pair.close(keep)


if __name__ == "__main__":
    sys.exit(main())

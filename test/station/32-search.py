#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Search: words as a person types them, in the languages of both sides; and an index that may be lost at any time."""
import datetime
import json
import os
import shutil
import signal
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations  # noqa: E402

TEXTS = {  # text: queries that find it and none of the others
    "Launch of two convoys at 1600Z, registry 12-34/AB":
        ["convoy", "launches", "12-34/AB", "34/ab", "1600", '"two convoys"'],
    "我方将于明日举行军事演习。": ["演习", "军事演习", "军", "明日 演习"],
    "本日午後、ミサイル発射を確認しました。": ["ミサイル", "発射", "ﾐｻｲﾙ", "確認しました"],
    "سيتم إطلاقُ الصاروخِ غداً من السفينةِ": ["صاروخ", "اطلاق", "سفينة", "الصاروخ"],
    "Учебные стрельбы начнутся в Чёрном море": ["учебная стрельба", "черное море", "СТРЕЛЬБАХ"],
    "L'exercice militaire commencera près de la frontière": ["frontieres", "militaires", "EXERCICE pres"],
    "El buque averiado fue remolcado a la ría": ["averiada", "buques", "ria"],
    "내일 미사일 발사를 통보합니다": ["미사일", "발사", "통보"],
}
INDEX = ("search.db", "search.db-wal")


def garble(path, every):
    with open(path, "r+b") as f:
        for at in range(every // 2, os.path.getsize(path), every):
            f.seek(at)
            byte = f.read(1)
            f.seek(at)
            f.write(bytes([byte[0] ^ 0x5a]))


class Search(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pair = stations.Pair()
        cls.pair.up()
        cls.ids = {}
        for i, text in enumerate(TEXTS):
            station, line = ((cls.pair.a, "freedonia"), (cls.pair.b, "ruritania"))[i % 2]
            cls.ids[text] = station.must("send", line, "--wait", "delivered", "--json", text).json["id"]

    @classmethod
    def tearDownClass(cls):
        cls.pair.close()

    def found(self, query, station=None, line="freedonia"):
        return [m["id"] for m in (station or self.pair.a).must("search", line, query, "--json").lines]

    def all_are_found(self):
        for text, queries in TEXTS.items():
            for query in queries:
                self.assertEqual(self.found(query), [self.ids[text]], query)

    def ended(self, how):
        pid = self.pair.a.pids()["openlined"]
        os.kill(pid, how)
        stations.wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the station to end")

    def again(self):
        self.pair.a.must("up")
        self.pair.wait_up()

    def test_words_are_found_as_people_type_them_on_both_sides(self):
        self.all_are_found()
        for text, queries in TEXTS.items():
            self.assertEqual(self.found(queries[0], self.pair.b, "ruritania"), [self.ids[text]])

    def test_search_prints_what_list_prints(self):
        listed = {m["id"]: m for m in self.pair.a.must("list", "freedonia", "--json").lines}
        for m in self.pair.a.must("search", "freedonia", "演习", "--json").lines:
            self.assertEqual(m, listed[m["id"]])
        shown = self.pair.a.must("search", "freedonia", "演习").out
        self.assertIn(shown, self.pair.a.must("list", "freedonia").out)

    def test_all_words_must_be_there(self):
        self.assertEqual(self.found("演习 convoy"), [])
        self.assertEqual(self.found("nowhere"), [])

    def test_a_day_and_a_month_find_what_was_written_then(self):
        today = datetime.datetime.now(datetime.timezone.utc)
        for day in (f"{today:%Y-%m-%d}", f"{today:%Y-%m}"):
            self.assertEqual(self.found(f"{day} convoy"), self.found("convoy"))
        self.assertEqual(self.found("1999-01-02"), [])
        on_record = [m["id"] for m in self.pair.a.must("list", "freedonia", "--json").lines]
        self.assertEqual(self.found(f"{today:%Y-%m}"), on_record)

    def test_one_side_s_words_can_be_asked_for(self):
        text = next(iter(TEXTS))
        self.assertEqual(self.found("convoy from:me"), [self.ids[text]])
        self.assertEqual(self.found("convoy from:peer"), [])

    def test_a_message_is_found_by_its_subject_and_by_what_was_said_about_it(self):
        a, b = self.pair.a, self.pair.b
        sent = a.must("send", "freedonia", "-s", "Hotline quarterly", "--wait", "delivered", "--json",
                      "As agreed").json["id"]
        b.must("take", "ruritania", sent)
        b.must("readback", "ruritania", sent, "As agreed, kilimanjaro")
        stations.wait_for(lambda: self.found("kilimanjaro") == [sent], "the read-back to come")
        a.must("correct", "freedonia", sent, "As agreed in Valparaíso")
        self.assertEqual(self.found("valparaiso"), [sent])
        self.assertEqual(self.found("agreed"), [sent])
        self.assertEqual(self.found("quarterly hotline"), [sent])

    def test_a_registry_number_is_found_whole_and_by_its_parts(self):
        sent = self.pair.b.must("send", "ruritania", "--ref", "MFA-2026/0417-X", "--wait", "delivered", "--json",
                                "As registered").json["id"]
        for query in ("MFA-2026/0417-X", "mfa-2026", "0417", "2026/0417 registered"):
            self.assertEqual(self.found(query), [sent], query)

    def test_more_than_a_page_is_found_in_the_order_of_list(self):
        texts = [{"text": f"zebra {i}"} for i in range(230)]
        for station, line in ((self.pair.a, "freedonia"), (self.pair.b, "ruritania")):
            answer = station.rpc("send", {"line": line, "messages": texts, "wait": "delivered"})
            self.assertEqual(answer["result"]["outcome"], "done")
        listed = [m["id"] for m in self.pair.a.must("list", "freedonia", "--json").lines
                  if m["text"].startswith("zebra")]
        self.assertEqual(len(listed), 460)
        self.assertEqual(self.found("zebra"), listed)

    def test_what_is_no_query_is_refused_as_misused(self):
        for query in ("", "   ", "!?", "from:me", '""', "x" * 600, "a " * 40):
            answer = self.pair.a.run("search", "freedonia", query)
            self.assertEqual(answer.code, 2, query)
            self.assertIn("openline:", answer.err)
        self.assertEqual(self.pair.a.run("search", "nobody", "x").code, 2)
        for params in ({}, {"query": None}, {"query": 7}):
            answer = self.pair.a.rpc("search", {"line": "freedonia", **params})
            self.assertEqual(answer["error"]["code"], 2, params)
        answer = self.pair.a.rpc("search", {"line": "freedonia", "query": "convoy", "after": "nonsense"})
        self.assertEqual(answer["error"]["code"], 2)

    def test_no_query_means_anything_to_the_index_but_words(self):
        for query in ('convoy" OR "x', "said : convoy", "NEAR(a b)", "convoy*", "^convoy", "-convoy", "a AND NOT b",
                      '"""', "{x} : y", "'; --"):
            self.assertIn(self.pair.a.run("search", "freedonia", query).code, (0, 2), query)
        self.all_are_found()

    def test_an_index_that_is_deleted_or_garbled_is_made_again(self):
        self.all_are_found()
        for how in ("deleted", "a log that is none", "garbled", "empty", "another file", "zeros"):
            with self.subTest(how):
                self.ended(signal.SIGTERM)
                index, log = (os.path.join(self.pair.a.home, name) for name in INDEX)
                if how == "deleted":
                    os.unlink(index)
                elif how == "a log that is none":
                    shutil.copy(index, log)
                elif how == "garbled":
                    garble(index, 4096)
                elif how == "empty":
                    os.truncate(index, 0)
                else:
                    with open(index, "wb") as f:
                        f.write(b"not an index" if how == "another file" else bytes(65536))
                self.again()
                self.all_are_found()
                self.assertEqual(os.stat(index).st_mode & 0o777, 0o600)

    def test_an_index_garbled_under_a_running_station_costs_nobody_anything(self):
        self.all_are_found()
        for i in range(20):
            self.pair.a.must("send", "freedonia", " ".join(f"w{n}" for n in range(i * 3000, i * 3000 + 3000)))
        self.assertEqual(len(self.found("w59999")), 1)
        self.ended(signal.SIGTERM)
        self.again()
        self.found("convoy")  # a page or two of the index are in its memory now
        index = os.path.join(self.pair.a.home, INDEX[0])
        self.assertGreater(os.path.getsize(index), 1 << 18)
        garble(index, 512)
        self.assertEqual(len(self.found("w30007")), 1)
        self.all_are_found()
        with open(os.path.join(self.pair.a.home, "log", "openlined.log"), encoding="utf-8") as log:
            self.assertIn("search.db is damaged", log.read())

    def test_an_index_that_cannot_be_made_refuses_searches_and_nothing_else(self):
        index = os.path.join(self.pair.a.home, "search.db")
        self.ended(signal.SIGTERM)
        os.unlink(index)
        os.mkdir(index)
        self.again()
        answer = self.pair.a.run("search", "freedonia", "convoy")
        self.assertEqual(answer.code, 1, answer.err)
        self.assertIn("index", answer.err)
        self.pair.a.must("send", "freedonia", "--wait", "delivered", "all else works")
        os.rmdir(index)
        self.all_are_found()

    def test_a_station_that_is_killed_finds_all_afterwards(self):
        for i in range(3):
            word = f"mongoose{i}"
            sent = self.pair.a.must("send", "freedonia", "--wait", "delivered", "--json", word).json["id"]
            if i == 1:
                self.assertEqual(self.found(word), [sent])
            self.ended(signal.SIGKILL)
            self.again()
            self.assertEqual(self.found(word), [sent])

    def test_an_index_that_was_asked_while_much_came_is_right_and_is_kept(self):
        """Whoever asks makes the index read the record at once: also between the commit of an entry and the word of it."""
        self.all_are_found()
        kept = os.open(os.path.join(self.pair.a.home, INDEX[0]), os.O_RDONLY)  # its number is not given to another file
        talking = threading.Event()
        searches = []

        def search():
            while not talking.is_set():
                searches.append(len(self.pair.a.rpc("search", {"line": "freedonia", "query": "wombat"})["result"]["messages"]))

        searcher = threading.Thread(target=search)
        searcher.start()
        for i in range(150):
            for station, line in ((self.pair.a, "freedonia"), (self.pair.b, "ruritania")):
                station.rpc("send", {"line": line, "messages": [{"text": f"wombat {i}"}]})
        talking.set()
        searcher.join()
        for _ in range(2):
            stations.wait_for(lambda: self.found("wombat", self.pair.b, "ruritania") == self.found("wombat"), "all to come")
            self.assertEqual(len(self.found("wombat")), 300)
            self.ended(signal.SIGTERM)
            self.again()
        self.assertGreater(len(set(searches)), 10, "searches came between messages")
        self.assertEqual(os.fstat(kept).st_nlink, 1, "the index was begun anew")
        os.close(kept)

    def test_who_hangs_up_before_the_answer_or_at_the_stations_end_costs_nobody_anything(self):
        index = os.path.join(self.pair.a.home, INDEX[0])
        ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "search",
                          "params": {"line": "freedonia", "query": "convoy"}}).encode() + b"\n"
        for end in (False, True):
            self.ended(signal.SIGTERM)
            os.unlink(index)
            self.again()
            callers = [self.pair.a.connect() for _ in range(20)]
            for caller in callers:
                caller.sendall(ask)
            if end:
                self.ended(signal.SIGTERM)
            for caller in callers:
                caller.close()
            if end:
                self.again()
            self.all_are_found()

    def test_an_index_of_another_record_is_not_believed(self):
        self.all_are_found()
        for station in (self.pair.a, self.pair.b):
            station.must("down")
        shutil.copy(os.path.join(self.pair.b.home, "search.db"), os.path.join(self.pair.a.home, "search.db"))
        for station in (self.pair.a, self.pair.b):
            station.must("up")
        self.pair.wait_up()
        self.all_are_found()


class FormsAndDays(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pair = stations.Pair(proxied=False)
        cls.pair.up()

    @classmethod
    def tearDownClass(cls):
        cls.pair.close()

    def found(self, query, station=None, line="freedonia"):
        return [m["id"] for m in (station or self.pair.a).must("search", line, query, "--json").lines]

    def form(self, station, line, code, *more):
        form = station.must("form", "show", code, "--json").json
        values = {f["n"]: f["example"].replace("2026-", "2031-") for f in form["fields"] if f["required"]}
        args = [word for n, value in values.items() for word in ("--field", f"{n}={value}")]
        return station.must("send", line, "--form", code, *args, *more, "--wait", "delivered", "--json").json["id"]

    def test_forms_are_found_by_their_code_and_by_what_is_read_of_them_on_each_desk(self):
        a, b = self.pair.a, self.pair.b
        launch = self.form(a, "freedonia", "LAUNCH", "--ref", "Nr. 77-L")
        convoy = self.form(b, "ruritania", "CONVOY", "-s", "Thursday's kitchens")
        for station, line in ((a, "freedonia"), (b, "ruritania")):
            self.assertEqual(self.found("form:LAUNCH", station, line), [launch])
            self.assertEqual(self.found("form:convoy kitchen", station, line), [convoy])
            self.assertEqual(self.found("form:CONVOY 2031-12-03", station, line), [])
            self.assertEqual(self.found("form:NONE", station, line), [])
            self.assertEqual(self.found("77-L", station, line), [launch], "its registry number")
            self.assertEqual(self.found("thursday kitchens", station, line), [convoy], "its subject")
            self.assertEqual(self.found("8812-94", station, line), [convoy], "a number plate")
            self.assertEqual(self.found("3 DEC 31", station, line), [launch], "the planned day")
            self.assertEqual(self.found("040700Z DEC 31", station, line), [convoy], "the time of departure")
        self.assertEqual(self.found("planned date of launch"), [launch])
        self.assertEqual(self.found("计划发射日期", b, "ruritania"), [launch])

    def test_days_are_found_as_officers_type_them(self):
        mine = self.pair.a.must("send", "freedonia", "good morning", "--wait", "delivered", "--json").json["id"]
        sent = self.pair.a.must("show", "freedonia", mine, "--json").json["time"]
        at = datetime.datetime.strptime(sent, "%Y-%m-%dT%H:%M:%SZ")
        group = self.pair.a.must("show", "freedonia", mine).out.split("  ")
        self.assertIn(f"{at:%d%H%MZ %b %y}".upper(), [word.strip() for word in group])
        for typed in (f"{at:%Y-%m-%d}", f"{at:%d %b %y}".upper(), f"{at:%d %B %Y}", f"{at:%d%H%MZ %b %y}".upper(), sent,
                      f"{at:%Y-%m}"):
            self.assertIn(mine, self.found(typed), typed)
        another = at + datetime.timedelta(days=2)
        for typed in (f"{another:%d %b %y}", f"{another:%d%H%MZ %b %y}".upper()):
            self.assertEqual(self.found(typed), [], typed)
        quoted = self.pair.b.must("send", "ruritania", "We meet on 22 NOV 31, or at 211432Z NOV 31", "--wait", "delivered",
                                  "--json").json["id"]
        for typed in ("22 nov 31", "211432Z NOV 31", '"22 NOV 31"'):
            self.assertEqual(self.found(typed), [quoted], typed)


if __name__ == "__main__":
    unittest.main()

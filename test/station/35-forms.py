#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Forms between an English and a Chinese desk: what is sent in one language is read in the other."""
import glob
import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

HAN = re.compile(r"[一-鿿]")
FILES = sorted(glob.glob(os.path.join(stations.TOP, "forms", "*.json")))


def fields(values):
    return [word for n, value in values.items() for word in ("--field", f"{n}={value}")]


class Forms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pair = stations.Pair(proxied=False)
        cls.a, cls.b = cls.pair.a, cls.pair.b
        cls.write_own(cls.a, "CALL.json", "CALL")
        cls.pair.up()

    @classmethod
    def tearDownClass(cls):
        cls.pair.close()

    @staticmethod
    def write_own(station, name, code):
        """A form of one side's own."""
        words = {tag: f"{code} {tag}" for tag in ("en", "zh", "ru", "ar", "fr", "es")}
        form = {"code": code, "title": words, "marker": "question", "answer": "y", "fields": [
            {"n": 1, "name": "name", "type": "text", "max": 20, "required": True, "label": words, "example": "ab"},
            {"n": 2, "name": "speed", "type": "number", "min": -5, "max": 40, "decimals": 1, "unit": "kn",
             "required": False, "label": words, "example": "12.5"},
            {"n": 3, "name": "place", "type": "position", "required": False, "label": words}]}
        os.makedirs(os.path.join(station.home, "forms"), exist_ok=True)
        with open(os.path.join(station.home, "forms", name), "w", encoding="utf-8") as f:
            json.dump(form, f)

    def shown(self, message, *args):
        return self.b.must("show", "ruritania", message, "--json", *args).json

    def send(self, code, values, *args):
        return self.a.must("send", "freedonia", "--form", code, *fields(values), "--wait", "delivered", "--json",
                           *args).json

    def examples(self, code):
        form = self.a.must("form", "show", code, "--json").json
        return {field["n"]: field["example"] for field in form["fields"] if field["example"] is not None}

    def numberings(self, side):
        return [entry for entry in self.a.must("log", "freedonia", "--json").lines
                if entry["kind"] == "form_number" and entry["side"] == side]

    def written(self):
        return [e["id"] for e in self.a.must("log", "freedonia", "--json").lines
                if e["side"] == "A" and e["kind"] != "receipt"]

    def refused(self, said, *args):
        before = self.written()
        answer = self.a.run("send", "freedonia", *args)
        self.assertEqual(answer.code, 2, answer.err)
        self.assertIn(said, answer.err)
        self.assertEqual(self.written(), before)

    def test_every_form_is_listed_and_shown_with_an_example_of_each_required_field(self):
        listed = {form["code"]: form["title"] for form in self.a.must("form", "list", "--json").lines}
        self.assertEqual(sorted(listed), sorted([os.path.basename(f)[:-5] for f in FILES] + ["CALL"]))
        for code, title in listed.items():
            form = self.a.must("form", "show", code, "--json").json
            self.assertEqual((form["code"], form["title"]), (code, title))
            self.assertEqual([f["n"] for f in form["fields"]], list(range(1, len(form["fields"]) + 1)))
            for field in form["fields"]:
                self.assertTrue(field["example"] or not field["required"], field)
            self.assertNotEqual(self.a.must("form", "show", code, "--lang", "zh", "--json").json["title"], title)
            self.assertIn(title, self.a.must("form", "show", code).out)

    def test_every_example_is_sent_and_read_back_as_it_was_written_in_each_language(self):
        for file in FILES:
            with open(file, encoding="utf-8") as f:
                form = json.load(f)
            values = self.examples(form["code"])
            sent = self.send(form["code"], values)
            self.assertEqual((sent["precedence"], sent["state"]), (form.get("precedence", "routine"), "delivered"))
            for tag in ("en", "zh", "ru", "ar", "fr", "es"):
                got = self.shown(sent["id"], "--lang", tag)
                self.assertEqual((got["kind"], got["form"], got["title"]), ("form", form["code"], form["title"][tag]))
                self.assertEqual({f["n"]: f["value"] for f in got["fields"]}, values)
                for field in got["fields"]:
                    data = form["fields"][field["n"] - 1]
                    self.assertEqual((field["name"], field["label"], field["wrong"]), (data["name"], data["label"][tag], None))
                    choice = [c["label"][tag] for c in data.get("choices", []) if c["value"] == field["value"]]
                    self.assertIn(choice[0] if choice else field["value"], field["text"])

    def test_what_an_english_desk_sends_a_chinese_desk_reads_in_chinese(self):
        sent = self.send("LAUNCH", self.examples("LAUNCH"))
        out = self.b.must("show", "ruritania", sent["id"]).out
        lines = [line for line in out.split("\n") if re.match(r" +\d+ ", line)]
        self.assertGreater(len(lines), 3)
        for line in lines:
            self.assertRegex(line, HAN)
        self.assertNotIn("Planned", out)
        self.assertIn("Planned", self.b.must("show", "ruritania", sent["id"], "--lang", "en").out)
        self.assertIn("Planned", self.a.must("show", "freedonia", sent["id"]).out)
        self.assertRegex(self.b.must("list", "ruritania").out, HAN)

    def test_texts_and_forms_are_listed_in_the_order_in_which_they_were_written(self):
        ids = []
        for i in range(4):
            ids.append(self.send("SIGNAL", self.examples("SIGNAL"))["id"] if i % 2 else
                       self.a.must("send", "freedonia", "text", "--wait", "delivered", "--json").json["id"])
        listed = [m["id"] for m in self.b.must("list", "ruritania", "--json").lines]
        self.assertEqual(listed[-4:], ids)
        self.assertEqual([m["kind"] for m in self.b.must("list", "ruritania", "--json").lines[-4:]],
                         ["message", "form"] * 2)

    def test_a_form_gets_its_number_once_before_its_first_use(self):
        for _ in range(3):
            self.send("SITE", self.examples("SITE"))
        entries = [e for e in self.numberings("A") + self.numberings("B") if e["text"].endswith(" SITE")]
        self.assertEqual(len(entries), 1)
        uses = [m["id"] for m in self.b.must("list", "ruritania", "--json").lines if m["form"] == "SITE"]
        self.assertEqual(int(entries[0]["id"][1:]) + 1, min(int(use[1:]) for use in uses))

    def test_both_sides_number_forms_for_themselves(self):
        mine = self.send("HAZARD", self.examples("HAZARD"))["id"]
        theirs = self.b.must("send", "ruritania", "--form", "CYBER", *fields(self.examples("CYBER")), "--wait",
                             "delivered", "--json").json["id"]
        self.assertEqual(self.shown(mine)["form"], "HAZARD")
        self.assertEqual(self.a.must("show", "freedonia", theirs, "--json").json["form"], "CYBER")

    def test_a_form_that_the_other_side_does_not_have_shows_numbered_fields(self):
        sent = self.send("CALL", {1: "ab", 2: "-5", 3: "54.3210N 010.1234E"})
        got = self.shown(sent["id"])
        self.assertEqual((got["form"], got["title"]), ("CALL", None))
        self.assertEqual([(f["n"], f["name"], f["value"]) for f in got["fields"][:2]], [(1, None, "ab"), (2, None, "0")])
        self.assertRegex(got["fields"][2]["value"], r"^[0-9a-f]{14}$")
        self.assertIn("1: ab", self.b.must("show", "ruritania", sent["id"]).out)
        mine = self.a.must("show", "freedonia", sent["id"], "--json").json
        self.assertEqual([f["text"] for f in mine["fields"]], ["ab", "-5 kn", "54.3210N 010.1234E"])

    def test_a_field_that_cannot_hold_its_value_is_named_and_nothing_is_written(self):
        call = ["--form", "CALL", "--field"]
        self.refused("Field 1", *call, "2=3")
        self.refused("Field 1", *call, "1=")
        self.refused("Field 1", *call, "1=a\u202eb")
        self.refused("Field 1", *call, "1=" + 21 * "x")
        self.refused("Field 2", *call, "1=a", "--field", "2=41")
        self.refused("-5.0 .. 40.0 kn", *call, "1=a", "--field", "2=fast")
        self.refused("Field 3", *call, "1=a", "--field", "3=91N 10E")
        self.refused("field 4", *call, "1=a", "--field", "4=1")
        self.refused("field 0", *call, "1=a", "--field", "0=1")
        self.refused("twice", *call, "1=a", "--field", "1=b")
        self.refused("N=VALUE", *call, "one=a")
        self.refused("NONE", "--form", "NONE")
        self.refused("not both", "--form", "CALL", "--field", "1=a", "text")
        self.refused("not both", "text", "--field", "1=a")
        self.refused("not both")
        launch = self.examples("LAUNCH")
        self.refused("Field 1", "--form", "LAUNCH", *fields({**launch, 1: "2026-02-30"}))

    def test_what_is_sent_before_the_line_is_up_brings_its_number_with_it(self):
        self.b.must("down")
        self.a.must("down")
        self.a.must("up")
        for code in ("SIGNAL", "UNUSUAL", "SIGNAL"):
            answer = self.a.must("send", "freedonia", "--form", code, *fields(self.examples(code)), "--json").json
            self.assertIsNone(answer["id"])
        boxed = [m for m in self.a.must("list", "freedonia", "--json").lines if m["id"] is None]
        self.assertEqual([m["form"] for m in boxed], ["SIGNAL", "UNUSUAL", "SIGNAL"])
        self.a.must("down")
        self.pair.up()
        wait_for(lambda: self.a.line("freedonia")["outbox"] == 0, "the outbox to be sent")
        last = wait_for(lambda: [m for m in self.b.must("list", "ruritania", "--json").lines if m["form"] == "UNUSUAL"],
                        "the form to come")
        self.assertEqual({f["n"]: f["value"] for f in last[-1]["fields"]}, self.examples("UNUSUAL"))

    def test_a_bad_file_is_refused_with_its_place_and_the_station_goes_on(self):
        path = os.path.join(self.pair.folder, "LAUNCH.json")
        with open(FILES[0], encoding="utf-8") as f:
            form = json.load(f)
        form["fields"][1]["type"] = "date"
        with open(path, "w", encoding="utf-8") as f:
            json.dump(form, f)
        answer = self.a.run("form", "check", path)
        self.assertEqual(answer.code, 2)
        self.assertIn("fields 2, type", answer.err)
        self.assertEqual(self.a.must("form", "check", FILES[0]).code, 0)
        self.assertEqual(self.a.run("form", "show").code, 2)
        self.assertEqual(self.a.run("form", "show", "NONE").code, 2)
        bad = os.path.join(self.a.home, "forms", "BAD.json")
        with open(bad, "w", encoding="utf-8") as f:
            f.write("{")
        self.addCleanup(os.unlink, bad)
        answer = self.a.must("form", "list")
        self.assertIn("BAD.json", answer.err)
        self.a.must("down")
        self.a.must("up")
        self.pair.wait_up()
        self.assertEqual(self.send("SIGNAL", self.examples("SIGNAL"))["state"], "delivered")

    def test_a_reload_brings_a_form_and_a_bad_file_leaves_what_was_there(self):
        with open(os.path.join(self.a.home, "forms", "CALL.json"), encoding="utf-8") as f:
            form = json.load(f)
        form["code"] = "RECALL"
        form["title"]["en"] = "Zanzibar"
        form["title"]["zh"] = "桑给巴尔"
        files = [os.path.join(station.home, "forms", "RECALL.json") for station in (self.a, self.b)]
        os.makedirs(os.path.dirname(files[1]), exist_ok=True)
        for file in files:
            with open(file, "w", encoding="utf-8") as f:
                json.dump(form, f)
        self.refused("RECALL", "--form", "RECALL", "--field", "1=ab")
        self.assertEqual(self.a.must("reload", "--json").json, {"schema": 1, "refused": []})
        sent = self.send("RECALL", {1: "ab"})["id"]
        self.assertIsNone(self.shown(sent)["title"])
        self.assertNotEqual(self.b.must("reload").out, "")
        self.assertEqual(self.shown(sent)["title"], "桑给巴尔")
        for station, line, word in ((self.a, "freedonia", "zanzibar"), (self.b, "ruritania", "桑给")):
            self.assertEqual([m["id"] for m in station.must("search", line, word, "--json").lines], [sent])

        with open(files[0], "w", encoding="utf-8") as f:
            f.write("{")
        answer = self.a.run("reload")
        self.assertEqual((answer.code, answer.out), (1, ""))
        self.assertIn("RECALL.json", answer.err)
        self.assertIn("as they were", answer.err)
        refused = self.a.run("reload", "--json").json["refused"]
        self.assertEqual([set(one) for one in refused], [{"code", "message", "data"}])
        self.assertEqual(self.send("RECALL", {1: "cd"})["state"], "delivered")
        for file in files:
            os.unlink(file)
        self.a.must("reload")
        self.b.must("reload")
        self.refused("RECALL", "--form", "RECALL", "--field", "1=ab")
        self.assertIsNone(self.a.must("show", "freedonia", sent, "--json").json["title"])

    def test_a_form_is_taken_and_declined_like_any_message(self):
        sent = self.send("SIGNAL", self.examples("SIGNAL"))["id"]
        self.assertEqual(self.b.must("take", "ruritania", sent, "--json").json["state"], "taken")
        self.assertEqual(self.b.must("decline", "ruritania", sent, "--reason", "later", "--json").json["state"], "declined")

    def readback(self, message, values, *args):
        return self.b.run("readback", "ruritania", message, *fields(values), *args)

    def acts(self, message):
        return self.a.must("show", "freedonia", message, "--json").json["acts"]

    def test_the_same_values_confirm_a_form_at_once_on_both_sides(self):
        values = self.examples("LAUNCH")
        sent = self.send("LAUNCH", values)["id"]
        self.b.must("take", "ruritania", sent)
        answer = self.readback(sent, values, "--json")
        self.assertEqual((answer.code, answer.json["state"]), (0, "confirmed"), answer.err)
        self.assertIsNone(answer.json["misread"])
        wait_for(lambda: self.a.must("show", "freedonia", sent, "--json").json["state"] == "confirmed",
                 "the sender to see it confirmed")
        self.assertEqual([(act["act"], act["effect"], act["misread"]) for act in self.acts(sent)],
                         [("take", True, None), ("readback", True, None)])
        self.assertNotIn(sent, [m["id"] for m in self.b.must("list", "ruritania", "--open", "--json").lines])

    def test_the_same_value_in_another_spelling_is_the_same(self):
        sent = self.send("CALL", {1: "ab"})["id"]
        self.b.must("take", "ruritania", sent)
        self.assertEqual(self.readback(sent, {1: "ab"}).code, 1)  # the other side does not have this form
        launch = self.examples("HAZARD")
        sent = self.send("HAZARD", launch)["id"]
        self.b.must("take", "ruritania", sent)
        spelled = {n: re.sub(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d)Z$", r"\1:00Z", value) for n, value in launch.items()}
        self.assertNotEqual(spelled, launch)
        self.assertEqual(self.readback(sent, spelled).code, 0)

    def test_a_field_read_back_wrong_or_left_out_is_named_and_goes_on_record(self):
        values = self.examples("LAUNCH")
        sent = self.send("LAUNCH", values)["id"]
        self.b.must("take", "ruritania", sent)
        self.assertEqual(self.readback(sent, {1: "2026-13-01"}).code, 2)
        self.assertEqual(self.readback(sent, {99: "1"}).code, 2)
        self.assertEqual(self.b.run("readback", "ruritania", sent, "in my own words").code, 2)
        self.assertEqual(len(self.acts(sent)), 1)
        wrong = {n: value for n, value in values.items() if n != 4}
        wrong[1] = "2027-01-01"
        answer = self.readback(sent, wrong, "--json")
        self.assertEqual((answer.code, answer.json["state"]), (12, "taken"), answer.err)
        self.assertEqual(answer.json["misread"], {"differs": [1], "left_out": [4], "added": []})
        self.assertIn("differ: 1; left out: 4", answer.err)
        acts = wait_for(lambda: self.acts(sent)[1:], "the sender to see the misreading")
        self.assertEqual((acts[0]["act"], acts[0]["effect"], acts[0]["misread"]),
                         ("readback", False, answer.json["misread"]))
        self.assertIn("2027-01-01", acts[0]["text"])
        self.assertEqual(self.readback(sent, {}).code, 12)
        corrected = self.a.run("correct", "freedonia", sent, "words")
        self.assertEqual(corrected.code, 1)
        self.assertIn("Send the form again", corrected.err)
        self.assertEqual(self.readback(sent, values).code, 0)
        self.assertEqual(self.a.run("correct", "freedonia", sent, "words").code, 1)

    def test_a_form_is_meant_as_its_file_says_unless_its_sender_says_otherwise(self):
        with open(next(f for f in FILES if f.endswith("/DISTRESS.json")), encoding="utf-8") as f:
            form = json.load(f)
        got = self.shown(self.send("DISTRESS", self.examples("DISTRESS"))["id"])
        self.assertEqual((got["marker"], got["answer"], got["precedence"], got["open"]),
                         (form["marker"], form["answer"], form["precedence"], True))
        got = self.shown(self.send("DISTRESS", self.examples("DISTRESS"), "--marker", "warning", "--answer", "n", "-p",
                                   "routine", "-s", "again", "--ref", "N 5", "--to", "duty")["id"])
        self.assertEqual((got["marker"], got["answer"], got["precedence"], got["open"]), ("warning", "n", "routine", False))
        self.assertEqual((got["subject"], got["ref"], got["to"]), ("again", "N 5", "duty"))

    def test_a_form_of_ones_own_goes_before_the_one_that_came_with_the_station(self):
        with open(next(f for f in FILES if f.endswith("/DISTRESS.json")), encoding="utf-8") as f:
            form = json.load(f)
        values = self.examples("DISTRESS")
        form["title"]["en"] = "Distress, as this coast says it"
        form["handling"] = "not-for-publication"
        file = os.path.join(self.a.home, "forms", "DISTRESS.json")
        with open(file, "w", encoding="utf-8") as f:
            json.dump(form, f)
        self.a.must("reload")
        self.assertEqual([one["title"] for one in self.a.must("form", "list", "--json").lines if one["code"] == "DISTRESS"],
                         [form["title"]["en"]])
        got = self.shown(self.send("DISTRESS", values)["id"])
        self.assertEqual((got["handling"], got["title"]), ("not-for-publication", None))  # another form, which B has not
        got = self.shown(self.send("DISTRESS", values, "--handling", "open")["id"])
        self.assertEqual(got["handling"], "open")
        os.unlink(file)
        self.a.must("reload")
        got = self.shown(self.send("DISTRESS", values)["id"])
        self.assertEqual((got["handling"], got["title"]), (None, form["title"]["zh"]))

    def test_a_form_is_amended_by_a_later_one(self):
        values = self.examples("LAUNCH")
        first = self.send("LAUNCH", values)["id"]
        later = self.send("LAUNCH", {**values, 1: "2027-02-03"}, "--corrects", first)["id"]
        self.assertEqual(self.shown(first)["superseded_by"], later)
        self.assertEqual((self.shown(first)["open"], self.shown(later)["corrects"]), (False, first))
        self.b.must("take", "ruritania", later)
        self.assertEqual(self.readback(later, {**values, 1: "2027-02-03"}).code, 0)

    def test_a_confirmed_form_is_the_same_after_the_views_are_made_anew(self):
        answer = self.b.must("views", "rebuild", "--check", "--json").json
        self.assertEqual(answer["differ"], 0)

    def test_a_text_is_not_read_back_by_fields(self):
        sent = self.a.must("send", "freedonia", "text", "--wait", "delivered", "--json").json["id"]
        self.b.must("take", "ruritania", sent)
        for args in ([], ["--field", "1=a"], ["--field", "1=a", "text"]):
            self.assertEqual(self.b.run("readback", "ruritania", sent, *args).code, 2, args)
        self.assertEqual(self.b.must("readback", "ruritania", sent, "text", "--json").json["state"], "read_back")


if __name__ == "__main__":
    unittest.main()

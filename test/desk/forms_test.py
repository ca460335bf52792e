# SPDX-License-Identifier: Apache-2.0
"""The forms that come with the programs: every text in six languages, each in its script; numbers and codes that stay."""
import json
import pathlib
import re
import sys
import unicodedata
import unittest

ROOT = pathlib.Path(sys.argv.pop())
CODES = """LAUNCH TREATY LISTING EXERCISE UNUSUAL INCIDENT HAZARD CONVOY SITE CYBER NUCLEAR DISTRESS VIOLATION LINETEST
           SIGNAL""".split()
TAGS = ["en", "zh", "ru", "ar", "fr", "es"]
SCRIPTS = {"zh": "CJK UNIFIED", "ru": "CYRILLIC", "ar": "ARABIC"}
LATIN = r"TLP(:(RED|AMBER(\+STRICT)?|GREEN|CLEAR))?|SIGNAL"  # names that every language writes alike
SHORT, LONG = 160, 480  # bytes of a title or a label; of a help or a note


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


FORMS = {path.stem: json.loads(read(path)) for path in sorted((ROOT / "forms").glob("*.json"))}


def lists():
    """Lists of things that stand beside each other and must not be taken for each other."""
    for code, form in FORMS.items():
        yield code, form["fields"]
        for field in form["fields"]:
            if "choices" in field:
                yield f"{code} {field['n']}", field["choices"]


def texts():
    """Every text of every form: where it stands, what it is, its languages."""
    for code, form in FORMS.items():
        yield code, "title", form["title"]
        if "note" in form:
            yield code, "note", form["note"]
    for place, things in lists():
        for thing in things:
            for part in ("label", "help"):
                if part in thing:
                    yield f"{place} {thing.get('name', thing.get('value'))}", part, thing[part]


def stray(text, script):
    """The letters of a text that are neither of its script nor of a name written alike everywhere."""
    rest = re.sub(LATIN, "", text)
    return "".join(c for c in rest if unicodedata.category(c)[0] == "L" and not unicodedata.name(c).startswith(script))


class Forms(unittest.TestCase):
    def test_no_form_is_lost(self):
        self.assertEqual([], [code for code in CODES if code not in FORMS])
        self.assertEqual([], [name for name, form in FORMS.items() if form["code"] != name])

    def test_files_are_printed_as_people_edit_them(self):
        for code, form in FORMS.items():
            printed = json.dumps(form, ensure_ascii=False, indent=1) + "\n"
            self.assertEqual(read(ROOT / f"forms/{code}.json"), printed, code)

    def test_every_text_is_in_every_language(self):
        self.assertEqual([], [(place, part) for place, part, said in texts() if not set(TAGS) <= set(said)])
        self.assertEqual([], [(place, part, tag) for place, part, said in texts() for tag in said if not said[tag].strip()])

    def test_every_text_is_in_its_script(self):
        wrong = []
        for place, part, said in texts():
            for tag, script in SCRIPTS.items():
                own = any(unicodedata.name(c, "").startswith(script) for c in said[tag])
                if not own or stray(said[tag], script):
                    wrong.append((place, part, tag, said[tag]))
        self.assertEqual([], wrong)
        self.assertEqual("ABC", stray("Абв ABC, TLP:RED", "CYRILLIC"))

    def test_no_language_repeats_the_english(self):
        self.assertEqual([], [(place, part, tag) for place, part, said in texts() for tag in TAGS[1:]
                              if said[tag].casefold() == said["en"].casefold()])

    def test_texts_are_plain_composed_and_short_enough(self):
        wrong = []
        for place, part, said in texts():
            for tag, text in said.items():
                hidden = any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp") for c in text)
                room = SHORT if part in ("title", "label") else LONG
                if hidden or not unicodedata.is_normalized("NFC", text) or len(text.encode()) > room or text != text.strip():
                    wrong.append((place, part, tag, text))
        self.assertEqual([], wrong)

    def test_no_two_beside_each_other_read_alike(self):
        for place, things in lists():
            for tag in TAGS:
                said = [thing["label"][tag].casefold() for thing in things]
                self.assertEqual([], [text for text in said if said.count(text) > 1], (place, tag))
        for tag in TAGS:
            self.assertEqual(len(FORMS), len({form["title"][tag].casefold() for form in FORMS.values()}), tag)

    def test_fields_are_numbered_from_one_and_few(self):
        for code, form in FORMS.items():
            self.assertEqual([field["n"] for field in form["fields"]], list(range(1, len(form["fields"]) + 1)), code)
            self.assertIn(len(form["fields"]), range(4, 13), code)

    def test_names_values_and_codes_are_unique(self):
        for place, things in lists():
            for key in ("name", "value", "code"):
                found = [thing[key] for thing in things if key in thing]
                self.assertEqual(len(found), len(set(found)), (place, key))

    def test_every_field_has_an_example_of_one_line(self):
        for code, form in FORMS.items():
            for field in form["fields"]:
                self.assertRegex(field["example"], r"^\S(.*\S)?$", (code, field["n"]))
                if "choices" in field:
                    self.assertIn(field["example"], [choice["value"] for choice in field["choices"]], (code, field["n"]))

    def test_the_code_book_has_forty_signals_of_two_bytes_in_groups(self):
        signals = FORMS["SIGNAL"]["fields"][0]["choices"]
        group = {}
        self.assertGreaterEqual(len(signals), 40)
        for signal in signals:
            name, number = signal["value"].split(".")[0], signal["code"] >> 8
            self.assertIn(number, range(1, 256), signal["value"])
            self.assertEqual(number, group.setdefault(name, number), signal["value"])
        self.assertEqual(len(group), len(set(group.values())))
        self.assertEqual([signal["code"] for signal in signals], sorted(signal["code"] for signal in signals))


unittest.main()

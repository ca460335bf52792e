# SPDX-License-Identifier: Apache-2.0
"""In which of the six languages the command line speaks, and that columns stay columns in each."""
import re
import unicodedata
import unittest

from cli_test import Case, Station, error, result

LANGS = ("en", "zh", "ru", "ar", "fr", "es")
DOWN = {"en": "is not running", "zh": "站未运行", "ru": "не работает", "ar": "المحطة لا تعمل", "fr": "ne fonctionne pas",
        "es": "no funciona"}
ISOLATES = "\u2068\u2069"
HASH = "ab" * 32
# What the moment says, not the language: among it whether the disk was quick enough.
MEASURED = re.compile(r'[0-9]+ (?:ms|MiB)|[0-9T:-]{19}Z|(?<="check":"fsync",).*')


def columns(text):
    """What a terminal shows of a text, one item a column: a wide character takes two."""
    cells = []
    for c in text:
        if c not in ISOLATES and not unicodedata.combining(c):
            cells += [c, ""] if unicodedata.east_asian_width(c) in "WF" else [c]
    return cells


def starts(text):
    """The columns in which the cells of a row start: two spaces or more part them."""
    shown = "".join(c or "x" for c in columns(text))
    return [m.start() for m in re.finditer(r"(?:(?<=  )|^)\S", shown)]


class Choice(Case):
    def down(self, home, env=None, *before):
        """The language in which a station says that it does not run."""
        self.run_it(*before, "-C", home, "list", "north", want=1, env=env)
        said = [lang for lang, words in DOWN.items() if words in self.err]
        self.assertEqual(1, len(said), self.err)
        return said[0]

    def test_command_speaks_its_homes_language(self):
        for lang in LANGS:
            self.assertEqual(lang, self.down(self.init(lang, lang=lang)))
        self.assertEqual("zh", self.down(self.init("hant", lang="zh-Hant-TW")))

    def test_officers_choice_goes_before_the_homes_and_the_homes_before_the_locales(self):
        zh, ja = self.init("a", lang="zh"), self.init("b", lang="ja")
        self.assertEqual("ru", self.down(zh, {"OPENLINE_LANG": "ru", "LANG": "fr_FR.UTF-8"}))
        self.assertEqual("en", self.down(zh, {"OPENLINE_LANG": "en"}))
        for other in "", "ja", "xx":
            self.assertEqual("zh", self.down(zh, {"OPENLINE_LANG": other, "LANG": "fr_FR.UTF-8"}))
        self.assertEqual("zh", self.down(zh, {"LANG": "C"}))
        self.assertEqual("en", self.down(ja))
        self.assertEqual("es", self.down(ja, {"LANG": "es_MX.UTF-8"}))
        self.assertEqual("ar", self.down(ja, {"LC_MESSAGES": "ar_EG.UTF-8", "LANG": "es_MX.UTF-8"}))
        self.assertEqual("en", self.down(ja, {"LC_ALL": "C.UTF-8", "LC_MESSAGES": "ar_EG.UTF-8", "LANG": "es_MX.UTF-8"}))

    def test_home_that_does_not_read_leaves_the_choice_to_the_locale(self):
        home = self.init("a", lang="zh")
        for text in b"", b"lang = 7;\n", b"lang = \"zh\";\nlang", b"\x00\xff", b"@include \"x\"\n":
            (home / "station.conf").write_bytes(text)
            self.assertEqual("fr", self.down(home, {"LANG": "fr"}))
        self.run_it("-C", self.dir / "nowhere", "status", want=1, env={"LANG": "fr"})
        self.assertIn("ne peut être ouvert", self.err)

    def test_init_speaks_the_language_of_the_home_that_it_makes(self):
        self.init("a", lang="ru")
        self.assertIn("Каталог станции", self.err)
        note = (self.dir / "a/revocation.note").read_text()
        self.assertIn("Это извещение отзывает", note)
        self.assertIn("-----BEGIN OPENLINE REVOCATION-----", note)

    def test_language_of_a_text_that_is_sent_is_not_the_officers(self):
        home = self.init("a", lang="zh")
        self.run_it("-C", home, "send", "--lang", "ru", "north", "да", want=1)
        self.assertIn(DOWN["zh"], self.err)

    def test_json_is_the_same_in_every_language(self):
        home = self.init("a", lang="zh")
        for command in ["status"], ["card"], ["doctor"]:
            said = {MEASURED.sub("", self.run_it("-C", home, "--json", *command, env=env) + self.err)
                    for env in ({"OPENLINE_LANG": lang} for lang in LANGS)}
            self.assertEqual(1, len(said), said)

    def test_help_and_misuse_are_in_the_language_too(self):
        for lang, words in (("zh", "用法"), ("ar", "الاستعمال"), ("es", "uso:")):
            env = {"OPENLINE_LANG": lang}
            self.assertIn(words, self.run_it("--help", env=env))
            self.assertIn(words, self.run_it("send", "--help", env=env))
            for misuse in [], ["nonsense"], ["send", "--nonsense"], ["send"]:
                self.run_it(*misuse, want=2, env=env)
                self.assertNotRegex(self.err, "usage:|There is|no such option")

    def test_overview_shows_the_first_sentence_of_each_command(self):
        shown = {lang: self.run_it("--help", env={"OPENLINE_LANG": lang}) for lang in LANGS}
        for lang, stop in {**dict.fromkeys(LANGS, "."), "zh": "。"}.items():
            rows = re.findall(r"^  ([a-z]+) +(\S.*)$", shown[lang], re.M)
            self.assertEqual(re.findall(r"^  ([a-z]+) ", shown["en"], re.M), [name for name, _ in rows])
            for name, text in rows:
                self.assertTrue(text.endswith(stop) and text.count(stop) - text.count("..") * 2 >= 1, (lang, name, text))


class Speaking(Case):
    def setUp(self):
        super().setUp()
        self.home = self.init("a")

    def test_refusal_of_the_station_is_in_the_officers_language(self):
        refuse = lambda _: error(1, "err.station.message", "There is no message A9", id="A9")
        for lang, words in (("zh", "没有电文 A9"), ("ru", "нет сообщения A9"), ("en", "There is no message A9"),
                            ("fr", "pas de message A9"), ("es", "No hay mensaje A9")):
            with Station(self.home, act=refuse):
                self.run_it("-C", self.home, "take", "north", "A9", want=1, env={"OPENLINE_LANG": lang})
            self.assertIn(words, self.err)

    def status(self, lang, **fields):
        line = {"name": "north", "state": "up", "compared": True, "last_heard_ms": 1500, "own_head": 3, "peer_head": 4,
                "peer": {"party": "弗里多尼亚", "station": "值班室", "fingerprint": HASH}, "reason": None, "alarms": [],
                "paths": [], **fields}
        lines = [line, {**line, "name": "西北线路", "compared": False, "last_heard_ms": None}, {**line, "name": "الشمال"}]
        said = result(station={"party": "x", "station": "y"}, pids={"openlined": 1, "openline-relay": 2}, lines=lines)
        with Station(self.home, status=lambda _: said):
            return self.run_it("-C", self.home, "status", env={"OPENLINE_LANG": lang}).splitlines()

    def test_columns_are_columns_in_every_language(self):
        for lang in LANGS:
            _, heads, *rows = self.status(lang)
            self.assertEqual(3, len(rows))
            for row in rows:
                self.assertEqual(starts(heads), starts(row), (lang, heads, row))

    def test_cell_from_right_to_left_keeps_its_place(self):
        *_, last = self.status("en")
        self.assertIn("\u2068الشمال\u2069", last)
        for line in self.status("ar"):
            self.assertEqual(line.count("\u2068"), line.count("\u2069"))
            self.assertNotIn("<U+20", line)

    def test_reason_of_a_line_is_in_the_officers_language(self):
        reason = {"reason": "Frames arrive.", "reason_key": "status.wrong_card"}
        said = "\n".join(self.status("ru", **reason))
        self.assertIn("Приходят кадры", said)
        self.assertIn(f"弗里多尼亚, 值班室, отпечаток {HASH}", said)
        self.assertNotIn("Frames", said)
        for unknown in {"reason_key": "status.of_a_later_version"}, {"reason_key": None}, {"reason_key": 7}:
            self.assertIn("  Frames arrive.", self.status("ru", **{**reason, **unknown}))

    def test_alarm_is_in_the_officers_language(self):
        said = "\n".join(self.status("zh", alarms=["disk_full", "of_a_later_version"]))
        self.assertIn("  ! 磁盘已满", said)
        self.assertIn("  ! of_a_later_version", said)

    def test_exercise_is_marked_in_the_officers_language_and_in_english(self):
        message = {"schema": 1, "id": "A1", "direction": "in", "precedence": "flash", "state": "delivered", "lang": "en",
                   "time": "2026-11-21T14:32:07Z", "exercise": True, "text": "Hold fire"}
        for lang, word in (("en", ""), ("zh", "演习"), ("ru", "УЧЕНИЕ"), ("ar", "تمرين"), ("fr", "EXERCICE"), ("es", "EJERCICIO")):
            with Station(self.home, list=lambda _: result(messages=[message], next=None)):
                said = self.run_it("-C", self.home, "list", "north", env={"OPENLINE_LANG": lang})
            self.assertRegex(said, f"flash .*delivered.*{word}.*EXERCISE")
            self.assertNotIn("<U+", said)

    def test_what_comes_from_outside_is_made_safe_in_every_language(self):
        refuse = lambda _: error(1, "err.station.message", id="\x1b[2J\u202e\u2068A9")
        for lang in LANGS:
            with Station(self.home, act=refuse):
                self.run_it("-C", self.home, "take", "north", "A9", want=1, env={"OPENLINE_LANG": lang})
            self.assertIn("<U+001B>[2J<U+202E><U+2068>A9", self.err)


if __name__ == "__main__":
    unittest.main()

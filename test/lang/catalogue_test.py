# SPDX-License-Identifier: Apache-2.0
"""The message catalogues: every key that a program names is there and no other, in every language, with the same
parameters, in that language's script; and what an officer reads stands in no program's source."""
import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop())
LANGS = ("en", "zh", "ru", "ar", "fr", "es")
SCRIPTS = {"zh": "[\u4e00-\u9fff]", "ru": "[\u0400-\u04ff]", "ar": "[\u0600-\u06ff]"}
PARAMETER = re.compile(r"\{[a-z_]+\}")
# What is the same in English, by language.
SAME = {"fr": {"marker.information", "marker.instruction", "marker.intention", "marker.question", "standing.message",
               "standing.note_verbale", "status.milliseconds", "status.minutes", "status.seconds"},
        "es": {"status.milliseconds", "status.minutes", "status.no", "status.seconds"}}

STRING = r'"(?:[^"\\\n]|\\.)*"'
TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|^#include[^\n]*|'(?:[^'\\\n]|\\.)+'|(" + STRING + r"(?:\s*" + STRING + ")*)",
                   re.S | re.M)
PRINTING = {"printf", "fprintf", "dprintf", "fputs", "puts", "ol_print_cell", "ol_print_cell_text"}
NO_TEXT = {"station_log", "json_pack", "static_assert"}  # the log is English: it goes to who looks after the programs
OPTIONS = re.compile(r"(?:[a-z-]+ )+")  # names in the table of commands
# Files for programs and those who look after them; names that are never translated; answers to what is no request.
ALLOWED = {
    "src/cli/agree.c": {"accept decline suspend resume ", "propose, accept, decline, ", "accept decline end ",
                        "purpose role-here role-there hours ", "start end ", "exercise propose"},
    "src/cli/alarm.c": {"list, ack, silence, --exec COMMAND"},
    "src/cli/desk.c": {"attend, leave, check, hours", "desk hours"},
    "src/cli/draft.c": {"draft change"},
    "src/cli/linetest.c": {"propose, accept, decline, end", "every start role-here role-there ", "next lang ", "translation lang "},
    "src/cli/main.c": {"openline [-C DIR]", "openline "},
    "src/cli/note.c": {"note list", "note accept"},
    "src/cli/print.c": {"openline: "},
    "src/cli/roles.c": {"add, remove, hands, list, officer, officers", "set, lift, list"},
    "src/cli/terms.c": {"accept decline end ", "propose, accept, decline, ", "times propose", "flash=60s, duty=30m, ",
                        "handling propose", "rate propose", "ministers-only=publish,feed,forward, "},
    "src/cli/frame.c": {"note-verbale, aide-memoire, letter, protest", "list, add"},
    "src/cli/send.c": {"flash, immediate, priority, routine", "delivered, taken, confirmed"},
    "src/station/conf.c": {"// Settings of this station.", "// How often a quiet path is tried",
                           "// How often an officer whose desk is attended"},
    "src/station/control.c": {"not a JSON-RPC 2.0 request"},
    "src/station/keyring.c": {"openline keys 1: secret."},
    "src/verify/main.c": {"openline-verify"},
    "src/station/main.c": {"Keeps the lines of the station whose home is DIR."},  # its --help; officers start it by `up`
}


def catalogue(lang):
    with open(ROOT / f"lang/{lang}.json", encoding="utf-8") as f:
        return json.load(f)


def parameters(text):
    return set(PARAMETER.findall(text))


def words(text):
    """What of a text is there to be translated."""
    return re.search("[A-Za-z]", re.sub("--[a-z-]+", "", PARAMETER.sub("", text)))


def strings(source):
    """Line, text and the function that it is an argument of, of each string of a C source."""
    for token in TOKEN.finditer(source):
        if token[1]:
            text = "".join(one[1:-1] for one in re.findall(STRING, token[1]))
            callers = re.findall(r"(\w+)\([^();]*$", source[max(0, token.start() - 300):token.start()])
            yield source.count("\n", 0, token.start()) + 1, re.sub(r"\\[nt]", " ", text), (callers or [""])[-1]


def is_prose(text, caller):
    plain = re.sub(r"%[-+*.0-9]*[hlzjt]*[a-zA-Z]|\\x[0-9a-f]{2}|--?[a-z-]+(?: [a-z]+(?:\|[a-z]+)+)?", "", text)
    if caller in NO_TEXT:
        return False
    return re.search(r"[A-Za-z]{2,}[,;:.]? [a-z]{2,}", plain) or (caller in PRINTING and re.search("[A-Za-z]{2,}", plain))


class Catalogue(unittest.TestCase):
    def setUp(self):
        self.texts = {lang: catalogue(lang) for lang in LANGS}
        self.english = self.texts["en"]

    def used(self):
        spaces = "|".join(sorted({key.split(".")[0] for key in self.english}))
        literal = re.compile(r'"((?:%s)\.[a-z0-9_.]+)"' % spaces)
        used = {}
        for source in sorted([*(ROOT / "src").rglob("*.c"), *(ROOT / "src").rglob("*.h")]):
            for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
                for key in literal.findall(line):
                    used.setdefault(key, f"{source.relative_to(ROOT)}:{number}")
        return used

    def test_every_key_used_exists(self):
        self.assertEqual([], [f"{at}: {key}" for key, at in self.used().items() if key not in self.english])

    def test_every_key_is_used(self):
        used = self.used()
        self.assertEqual([], [key for key in self.english if key not in used])

    def test_every_language_has_every_key_and_no_other(self):
        self.assertEqual([], [f"lang/{lang}.json lacks {key}: {self.english[key]}"
                              for lang in LANGS for key in self.english if key not in self.texts[lang]])
        self.assertEqual([], [f"lang/{lang}.json: {key} is not in en.json"
                              for lang in LANGS for key in self.texts[lang] if key not in self.english])

    def test_every_language_has_the_same_parameters(self):
        self.assertEqual([], [f"{lang}: {key}: {sorted(parameters(text) ^ parameters(self.english[key]))}"
                              for lang in LANGS for key, text in self.texts[lang].items()
                              if key in self.english and parameters(text) != parameters(self.english[key])])

    def test_every_text_is_in_its_script(self):
        self.assertEqual([], [f"{lang}: {key}: {self.texts[lang][key]}" for lang, script in SCRIPTS.items()
                              for key, english in self.english.items()
                              if words(english) and key in self.texts[lang] and not re.search(script, self.texts[lang][key])])

    def test_no_text_is_left_in_english_outside_a_listed_few(self):
        self.assertEqual([], [f"{lang}: {key}: {text}" for lang in LANGS[1:] for key, text in self.texts[lang].items()
                              if words(text) and text == self.english.get(key) and key not in SAME.get(lang, ())])

    def test_commands_in_a_text_are_the_same_in_every_language(self):
        command = re.compile(r"(?:--[a-z][a-z-]+|\bOPENLINE_[A-Z]+|\bopenline(?:d|-[a-z]+)?(?: -C [A-Z]+)?)")
        self.assertEqual([], [f"{lang}: {key}" for lang in LANGS for key, text in self.texts[lang].items()
                              if key in self.english
                              and sorted(set(command.findall(text))) != sorted(set(command.findall(self.english[key])))])

    def test_no_text_turns_the_direction_of_writing_by_itself(self):
        hidden = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
        self.assertEqual([], [f"{lang}: {key}" for lang in LANGS for key, text in self.texts[lang].items()
                              if hidden.search(text)])

    def test_texts_that_are_signed_have_nothing_that_would_be_isolated(self):
        """What is sent as a test of the line goes out without a character that turns the direction of writing."""
        texts = {lang: [text for key, text in self.texts[lang].items() if key.startswith("test.text.")] for lang in LANGS}
        self.assertEqual({8}, {len(of) for of in texts.values()})
        self.assertEqual([], [text for text in texts["ar"] if re.search("[A-Za-z0-9{]", text)])

    def test_no_program_has_a_text_of_its_own(self):
        found = []
        for folder in "cli", "station", "verify":
            for source in sorted((ROOT / "src" / folder).glob("*.c")):
                name = f"src/{folder}/{source.name}"
                for line, text, caller in strings(source.read_text(encoding="utf-8")):
                    if name == "src/cli/main.c" and OPTIONS.fullmatch(text):
                        continue
                    if is_prose(text, caller) and not any(one in text for one in ALLOWED.get(name, ())):
                        found.append(f"{name}:{line}: {text}")
        self.assertEqual([], found)

    def test_texts_of_the_catalogue_go_out_as_they_are(self):
        """ol_print_cell makes safe what comes from outside: in Arabic it would show the isolates of the catalogue."""
        found = [f"{source.name}: ol_print_cell_text is meant" for source in sorted((ROOT / "src/cli").glob("*.c"))
                 if re.search(r"ol_print_cell\(ol_text\([^;]*, 0\);", source.read_text(encoding="utf-8"))]
        self.assertEqual([], found)

    def test_a_text_outside_the_catalogue_is_found(self):
        for source in ('printf("Running\\n");', 'snprintf(r, n, "%s is not a card", file);', 'say(d, "cannot "\n "start");'):
            (_, text, caller), = strings(source)
            self.assertTrue(is_prose(text, caller), source)
        for source in ('printf("%s: %llu\\n", a, b);', 'station_log("ending: signal %d", n);', '/* "a comment here" */ f("x");',
                       'ol_print(stdout, "say.up", "relay", w, NULL);'):
            self.assertEqual([], [text for _, text, caller in strings(source) if is_prose(text, caller)], source)


unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""What entries say (doc/protocol.md 5.2 and 5.3, from kind 46 on and the map of a message): which bodies read, and the words
of each as doc/control.md gives them for `log`. A new kind is a line in BODIES, in NAMES and in WORDS."""
import re
import time

import openline as ol
from openline import is_hash, is_number, is_number_or_0, is_text, list_of

REPLY, ONWARD, FORM, FORM_NUMBER, PROPOSE, RESPOND, DESK, HOURS, ESCALATE = 48, 49, 46, 47, 50, 51, 52, 53, 54
ROSTER, TEST, STATS = 55, 56, 57
NAMES = {32: "receipt", 33: "resume", 34: "close", 35: "succeeds", 36: "unfreeze", 40: "message", 41: "take", 42: "readback",
         43: "confirm", 44: "correct", 45: "decline", 46: "form", 47: "form_number", 48: "reply", 49: "onward", 50: "propose",
         51: "respond", 52: "desk", 53: "hours", 54: "escalate", 55: "roster", 56: "test",
         57: "stats"}
TOPICS = {1: "channel", 2: "exercise", 3: "instructions", 4: "tests", 5: "times", 6: "handling", 7: "rate"}
VERBS = ("accept", "decline", "end", "suspend", "resume")
ANSWERS = ("wilco", "unable", "affirm", "negative", "roger", "standby")
STAGES = {1: "desk", 2: "duty", 3: "unit"}
STEPS = {1: "deputy", 2: "next-role"}
ROSTERS = ("removed", "added", "handed")
DESKS = ("left", "attended", "unanswered")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORD = re.compile(r"[a-z0-9-]+\Z", re.ASCII)


def number_in(least, most):
    return lambda value: isinstance(value, int) and least <= value <= most


def text_of(least, most):
    return lambda value: isinstance(value, str) and least <= len(value.encode()) <= most


def word_of(least, most):
    return lambda value: text_of(least, most)(value) and (value == "" or bool(WORD.match(value)))


def either(*forms):
    return lambda value: any(form(value) for form in forms)


def one_more(*kinds):
    """The list, with a text behind it or none."""
    return either(list_of(*kinds), list_of(*kinds, is_text))


is_utc = is_number_or_0
is_ref = number_in(2, 2**33 - 1)
MEANING = {2: is_text, 3: ol.is_language, 4: number_in(1, 7), 5: number_in(1, 4), 6: is_ref, 7: is_number, 8: is_number,
           9: text_of(1, 32), 10: text_of(1, 64), 11: number_in(1, 6), 12: text_of(1, 64), 13: text_of(1, 32),
           14: text_of(1, 64)}


def meaning_reads(value):
    return all(key in MEANING and MEANING[key](said) for key, said in value.items()) and not {7, 8} <= set(value)


def message_reads(value):
    if not isinstance(value, dict):
        return is_text(value)
    return is_text(value.get(1)) and len(value) > 1 and meaning_reads({k: v for k, v in value.items() if k != 1})


def values_read(values):
    return len(values) <= 40 and all(isinstance(v, (int, str, bytes)) for v in values) and (not values or values[-1] != b"")


def form_reads(value):
    if not isinstance(value, list) or not value or not number_in(0, 255)(value[0]):
        return False
    said = value[1:]
    if said and isinstance(said[-1], dict):
        if not said[-1] or not meaning_reads(said[-1]):
            return False
        said = said[:-1]
    return values_read(said)


def is_role(value):
    return isinstance(value, bytes) and 1 <= len(value) <= 64 and bool(re.match(rb"[a-z0-9-]+\Z", value))


def without_role(value, numbers):
    """The act without the role of who acts, which may stand behind its numbers; what is no role stays, and does not read."""
    has = isinstance(value, list) and len(value) > numbers and is_role(value[numbers])
    return value[:numbers] + value[numbers + 1:] if has else value


def act(numbers, *forms):
    return lambda value: either(*forms)(without_role(value, numbers))


def reply_reads(value):
    numbers = 3 if isinstance(value, list) and len(value) > 2 and value[1] == 5 else 2
    return either(one_more(is_number, number_in(0, 4)), one_more(is_number, number_in(5, 5), is_utc))(without_role(value, numbers))


def of_form(values):
    return isinstance(values, list) and values_read(values)


def proposal_reads(value):
    if list_of(number_in(2, 2), number_in(1, 3), is_utc, is_utc)(value):
        return value[2] < value[3]
    channel = list_of(number_in(1, 1), word_of(1, 32), text_of(0, 512), word_of(0, 64), word_of(0, 64), text_of(0, 512))
    tests = list_of(number_in(4, 4), number_in(10, 1440), is_utc, word_of(0, 64), word_of(0, 64))
    return either(channel, list_of(number_in(3, 3)), tests, list_of(number_in(5, 5), times_read),
                  list_of(number_in(6, 6), handling_reads), list_of(number_in(7, 7), number_in(1, 1000000)))(value)


is_seconds = number_in(0, 604800)
times_read = list_of(*[number_in(1, 604800)] * 4, *[is_seconds] * 7, *[word_of(0, 64)] * 4)


def handling_reads(value):
    if not isinstance(value, list) or not 2 <= len(value) <= 64 or len(value) % 2:
        return False
    words = value[::2]
    return (all(map(word_of(1, 32), words)) and all(map(number_in(0, 7), value[1::2])) and
            all(a.encode() < b.encode() for a, b in zip(words, words[1:])) and
            not {"open", "not-for-publication", "addressee-only"} & set(words))


def response_reads(value):
    if not isinstance(value, list) or len(value) not in (2, 3):
        return False
    about = either(lambda v: v[1] in (0, 1, 2) and is_ref(v[0]), lambda v: v[1] in (3, 4) and word_of(1, 32)(v[0]))
    return isinstance(value[1], int) and about(value) and (len(value) == 2 or text_of(1, 512)(value[2]))


def hours_read(value):
    if one_more(number_in(0, 1), is_utc, is_utc)(value):
        return value[1] < value[2]
    return value == [2, 0, 0, 0] or list_of(number_in(2, 2), number_in(1, 127), number_in(0, 1439), number_in(1, 1440))(value)


def roster_reads(value):
    levels = value[2:] if isinstance(value, list) else []
    return (len(levels) <= 4 and either(list_of(number_in(0, 0), word_of(1, 64)),
                                        list_of(number_in(1, 2), word_of(1, 64), *[word_of(1, 32)] * len(levels)))(value))


def test_reads(value):
    slot = [lambda v: number_in(60, 2**32 - 1)(v) and v % 60 == 0, text_of(1, 2048)]
    return either(list_of(*slot), list_of(*slot, ol.is_language), list_of(is_number))(value)


def month_reads(value):
    return isinstance(value, str) and bool(re.match(r"(19[7-9]\d|20\d\d|210[0-5])-(0[1-9]|1[0-2])\Z", value, re.ASCII))


def paths_read(value):
    path = list_of(number_in(0, 15), lambda v: v != "" and word_of(1, 18)(v), is_utc, is_utc, number_in(0, 86400000))
    return isinstance(value, list) and 1 <= len(value) <= 16 and all(map(path, value))


BODIES = {
    ol.MESSAGE: message_reads,
    ol.TAKE: act(1, list_of(is_number)),
    ol.READBACK: act(2, list_of(is_number, is_number_or_0, is_text), list_of(is_number, is_number_or_0, of_form)),
    ol.CONFIRM: act(2, list_of(is_number, is_number_or_0)),
    ol.CORRECT: act(1, list_of(is_number, is_text)),
    ol.DECLINE: act(1, one_more(is_number)),
    FORM: form_reads,
    FORM_NUMBER: list_of(number_in(0, 255), is_hash, text_of(1, 12)),
    REPLY: reply_reads,
    ONWARD: act(2, one_more(is_number, number_in(1, 3))),
    PROPOSE: proposal_reads,
    RESPOND: response_reads,
    DESK: either(list_of(number_in(0, 2)), list_of(number_in(0, 2), word_of(1, 64))),
    HOURS: hours_read,
    ESCALATE: list_of(is_number, number_in(1, 2)),
    ROSTER: roster_reads,
    TEST: test_reads,
    STATS: either(list_of(month_reads, is_hash), list_of(month_reads, is_hash, paths_read)),
}
ol.BODIES.update(BODIES)
body_read = ol.body_read


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def named(ref):
    return f"{'AB'[ref & 1]}{ref >> 1}"


def terms_words(topic, data):
    if topic == 5:
        names = ["flash", "immediate", "priority", "routine"]
        names += [f"answer_{name}" for name in names] + ["desk", "duty", "unit"]
        times = [f"{name} {seconds}" for name, seconds in zip(names, data) if seconds]
        return times + [f"{name} {role}" for name, role in zip(["deputy", "next-role"] * 2, data[11:]) if role]
    if topic == 7:
        return [str(data)]
    what = ["publish", "feed", "forward"]
    forbids = [[what[bit] for bit in range(3) if sum_ >> bit & 1] for sum_ in data[1::2]]
    return [word + ("=" + ",".join(names) if names else "") for word, names in zip(data[::2], forbids)]


def proposal_words(value):
    if value[0] >= 5:
        return [TOPICS[value[0]], *terms_words(*value)]
    if value[0] == 2:
        return [TOPICS[2], f"E{value[1]}", utc(value[2]), utc(value[3])]
    return [TOPICS[value[0]], *(value[1:3] if value[0] == 1 else [str(value[1])] if value[0] == 4 else [])]


def response_words(value):
    return [VERBS[value[1]], named(value[0]) if value[1] < 3 else value[0], *value[2:]]


def hours_words(value):
    if value[0] < 2:
        return ["outage"] * value[0] + [utc(value[1]), utc(value[2]), *value[3:]]
    if not value[1]:
        return ["none"]
    minutes = [f"{m // 60:02}{m % 60:02}" for m in value[2:]]
    return [",".join(days_of(value[1])), "-".join(minutes)]


def days_of(days):
    """Runs of days as mon-fri, from Monday on."""
    at = 0
    while at < 7:
        end = at
        while end < 7 and days >> end & 1:
            end += 1
        if end > at:
            yield DAYS[at] if end == at + 1 else f"{DAYS[at]}-{DAYS[end - 1]}"
        at = end + 1


def act_words(value):
    """The words of an act behind its numbers and the role."""
    return [said for said in value[1:] if isinstance(said, str)]


WORDS = {   # the parts, which may be empty
    ol.RESUME: lambda v: [v[2]],
    ol.UNFREEZE: lambda v: [v[1]],
    ol.MESSAGE: lambda v: [v[1] if isinstance(v, dict) else v],
    ol.READBACK: act_words,
    ol.CORRECT: act_words,
    ol.DECLINE: act_words,
    FORM_NUMBER: lambda v: [str(v[0]), v[2]],
    REPLY: lambda v: [ANSWERS[v[1]], *([utc(v[2])] if v[1] == 5 else []), *act_words(v)],
    ONWARD: lambda v: [STAGES[v[1]], *act_words(v)],
    PROPOSE: proposal_words,
    RESPOND: response_words,
    DESK: lambda v: [DESKS[v[0]], *v[1:]],
    HOURS: hours_words,
    ESCALATE: lambda v: [STEPS[v[1]]],
    ROSTER: lambda v: [ROSTERS[v[0]], *v[1:]],
    TEST: lambda v: v[1:2],
    STATS: lambda v: [v[0]],
}


def words(kind, body):
    """What an entry says by its body; None for nothing, and for values of a form."""
    try:
        value = ol.body_read(kind, body)
    except ol.Refused:
        return None
    return " ".join(part for part in WORDS.get(kind, lambda v: [])(value) if part) or None

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two stations and one line between them, for the model checker Spin: what each has on disk, on its way to the disk
 * and in memory; frames with syncs and entries on two paths that lose and overtake; crash, restart, and a store set
 * back with and without being told. README.md says what is left out.
 *
 * A step of this model is a step of the code: what src/line and src/record do between two outside events is one d_step
 * here, written after them function by function, and every step prints itself and the state after it, so that
 * test/model can repeat it.
 *
 * Numbers are 1 to 8, a set of them is a byte. A resume jumps by 2 instead of by 2^24 and more.
 */

/* How much may happen: `run` says. A walk of Spin's own has it from macros. A search, which would otherwise be
 * compiled for each time, has it from the environment. */
#ifdef SEARCH
c_decl {
\#include <stdlib.h>
}
#define GIVEN(what, name) c_code { now.what = atoi(getenv(#name)); }
#else
#define GIVEN(what, name) what = name
#endif

/* Faults that Spin must find. */
#define RECEIPT_BEFORE_COMMIT 1
#define SYNC_ADDED 2
#define NUMBERS_KEPT 3
#define AMNESIA_SKIPPED 4
#define OLD_SESSION_HEARD 5
#define ANSWER_BEFORE_DURABLE 6
#define DEAF_PATH_KEPT 7
#define ANSWER_SAID_ONCE 8
#define ANSWER_FROM_BEFORE 9
#define GIVEN_UNASKED 10

#define BIT(n) (1 << ((n) - 1))
#define HAS(set, n) ((n) > 0 && ((set) & BIT(n)))
#define UPTO(n) ((1 << (n)) - 1)
#define ABOVE(n) (255 & ~UPTO(n))
#define RANGE(from, to) (UPTO(to) & ABOVE((from) - 1))
#define PAIR(from, to) ((from) * 16 + (to))
#define FROM(pair) ((pair) >> 4)
#define TO(pair) ((pair) & 15)

/* ---- Entries: signed once, the same wherever they are kept ---- */

#define TEXT 0
#define RECEIPT 4
#define RESUME 8
#define SEALED 16
#define ALONE 32
#define ROUTINE 0
#define IMMEDIATE 1
#define FLASH 2

byte form[16];  /* kind, precedence, SEALED, ALONE */
byte names[16]; /* the peer's number it names, and its own author's number that it chains to */

#define AT(a, n) ((a) * 8 + (n) - 1)
#define PREC(a, n) (form[AT(a, n)] & 3)
#define KIND(a, n) (form[AT(a, n)] & 12)
#define XSEQ(a, n) (names[AT(a, n)] >> 4)
#define PREV(a, n) (names[AT(a, n)] & 15)

byte spent[2]; /* numbers that ever were durable at their author */

/* ---- A station ---- */

#define ASKING 0
#define RECOVERING 1
#define RESUMING 2
#define READY 3

typedef Station {
    /* On disk. */
    byte row[2];  /* by author */
    byte head[2];
    byte box_r;   /* texts that wait unsigned */
    byte box_f;
    bool mark;    /* restored, and not yet resumed */
    byte old_row[2]; /* the backup */
    bool backed;
    bool set_back; /* its store was set back: what was delivered to it may be gone */
    bool untold;

    /* On its way to the disk. */
    bool flight;
    byte f_row[2];
    byte f_head[2];
    byte f_box_r, f_box_f;     /* into the box */
    byte f_unbox_r, f_unbox_f; /* out of it */
    bool f_resumed;

    /* In memory. */
    bool up;
    byte m_row[2];
    byte m_head[2];
    byte absent[2];
    byte aside[2];
    byte wait_r, wait_f; /* texts in the batch that fills */
    byte signing;
    bool answered, resumed;
    byte need, above;
    byte named, named_seen, alone; /* of our stream: the highest number named, single ones named */
    byte held, tail, fix;
    byte urgent, sent[2];
    bool sync_due;
    bool ask[2], echo[2], heard[2];
    bool answer_due;     /* and none has gone since it was asked for */
    byte answer;         /* 0: not wanted, 1: after the batch that fills, 2: after the one in flight, 3: now */
    byte want[2];        /* by author, from and to */
    bool want_now[2];
    byte give[2];
    bool give_none;      /* the peer's were given back, the end of it is still to be said */
    bool taking;         /* own entries are taken from the peer */
    byte absent_asked, absent_from; /* what resumes gave up: which one is asked for, from where */
    byte quiet;          /* answers in a row that brought nothing of ours */
    bool came;           /* something of ours has come since the last */
    bool due;
    byte due_prec, due_alone;
    byte receipt;
    byte cur, next, old; /* sessions */
    bool synced[2];      /* under cur, old */
    byte sync_own[2], sync_your[2];
    byte unanswered[2];  /* asks on a path, up to DEAF */
    bool met;            /* something has come on path 1 since the start: an echo there speaks of path 0 before */
    bool seen[2];        /* what the peer sent last on a path, its last ask or later, has come */
    bool fresh;          /* an entry went out since the last time-out */
    bool fresh_session;  /* and under the current session */
    bool gap_shut, fix_shut; /* until the next time-out */
}
Station s[2];

/* ---- Frames: one on each path and direction; the path is busy until it has come or is lost ---- */

typedef Frame {
    byte session; /* 0: none */
    bool sync, starting, answer, ask;
    bool echo, of_0; /* it answers the last ask on its path, or on path 0 */
    byte own, your, early, aside;
    byte urgent;  /* sealed, with prev but for the next one */
    byte next;    /* the one without */
    byte plain;   /* what was missing, and what was never sent */
    byte whole;    /* what was wanted, with everything */
    byte back;    /* the receiver's own */
    byte want[2], none[2];
}
Frame net[5]; /* of A on path 0, 1, of B on path 0, 1; the last for handshakes */

byte sessions;
byte left_r[2], left_f[2]; /* texts, ROUTINE and FLASH */
byte left_crash[2];
byte left_back[2];         /* whether its store may be set back: 1 untold, 2 told, 3 either */
byte losses, timers;       /* before all is calm */
byte fault;
bool calms;                /* whether all becomes calm in the end: faults stop, one path stays up */
bool calm;
byte good; /* the path that stays up once all is calm */
bool turn; /* whose time-out is next then */
bool owed; /* then: something has not arrived yet */

/* ---- What may happen ---- */

#define WRITE_R 0
#define WRITE_F 1
#define DURABLE 2 /* the batch on its way to the disk has arrived */
#define COME 3    /* a frame */
#define LOST 4
#define TIME 5
#define SHAKE 6
#define CRASH 7
#define DURABLE_CRASH 8 /* the batch has arrived, and before anything else can happen the station is gone */
#define START 9
#define BACKUP 10
#define RESTORE 11
#define RESTORE_TOLD 12
#define COMPANY 13 /* a receipt has waited long enough for company on its way to the disk */
#define CALM 14

/* ---- Registers of the steps ---- */

hidden byte event, who, at, i, o, d, q, a, e, n, k, x, set, top, last, last_said, took, under, phase;
hidden byte any, covered, known, rebuilt, pv, xh, sl, exact, patient, hurry, over, texts, go, waits;

#define S s[i]
#define OWN i
#define PEER o
#define UNSAVED(a) (S.m_row[a] & ~(S.flight -> S.f_row[a] : S.row[a]))
#define OF(a, n) (HAS(UNSAVED(a), n) && KIND(a, n) != RECEIPT)
#define MORE_THAN_RECEIPTS (S.wait_r + S.wait_f > 0 || UNSAVED(OWN) || OF(o, 1) || OF(o, 2) || OF(o, 3) || OF(o, 4) || \
                            OF(o, 5) || OF(o, 6) || OF(o, 7) || OF(o, 8))
#define FILLING (S.wait_r + S.wait_f > 0 || UNSAVED(0) || UNSAVED(1))

/* ---- The record: taking an entry (src/record/record.c) ---- */

#define IS_ABSENT(a, n) HAS(S.absent[a], n)
#define EARLY(a) (S.m_row[a] & ABOVE(S.m_head[a]) )
#define FOLLOWS(a, n) ((n) > S.m_head[a] && (PREV(a, n) == S.m_head[a] || \
    (KIND(a, n) == RESUME && (PREV(a, n) == 0 || (HAS(S.m_row[a], PREV(a, n)) && PREV(a, n) < S.m_head[a] && \
                                                  !IS_ABSENT(a, PREV(a, n)))))))
#define KNOWS(a, n) ((n) == 0 || HAS(S.m_row[a], n))

inline step_head(author, number)
{
    S.absent[author] = S.absent[author] | RANGE(PREV(author, number) + 1, (number) - 1);
    S.aside[author] = S.aside[author] & ~RANGE(S.m_head[author] + 1, number);
    S.m_head[author] = number
}

/* A verified entry goes into the batch. */
inline put_row(author, number, is_early)
{
    S.m_row[author] = S.m_row[author] | BIT(number);
    S.came = S.came || author == OWN;
    if
    :: author == PEER && KNOWS(OWN, XSEQ(author, number)) && !IS_ABSENT(OWN, XSEQ(author, number)) ->
        if
        :: XSEQ(author, number) == 0 -> skip
        :: XSEQ(author, number) > 0 && (form[AT(author, number)] & ALONE) ->
            S.alone = S.alone | BIT(XSEQ(author, number));
            /* delivered implies durable at the peer */
            assert(s[o].set_back || HAS(s[o].row[OWN], XSEQ(author, number)))
        :: else ->
            if
            :: XSEQ(author, number) > S.named ->
                S.named = XSEQ(author, number);
                assert(s[o].set_back || HAS(s[o].row[OWN], S.named))
            :: else -> skip
            fi
        fi
    :: else -> skip
    fi;
    if
    :: author == PEER && KIND(author, number) != RECEIPT && number >= S.m_head[author] ->
        if
        :: !(is_early) ->
            S.due = true;
            if
            :: PREC(author, number) > S.due_prec -> S.due_prec = PREC(author, number)
            :: else -> skip
            fi
        :: (is_early) && PREC(author, number) >= IMMEDIATE -> S.due_alone = S.due_alone | BIT(number)
        :: else -> skip
        fi
    :: else -> skip
    fi
}

inline want_more(author, lo, hi)
{
    if
    :: S.want[author] == 0 -> S.want[author] = PAIR(lo, hi)
    :: else -> S.want[author] = PAIR((lo < FROM(S.want[author]) -> lo : FROM(S.want[author])),
                                     (hi > TO(S.want[author]) -> hi : TO(S.want[author])))
    fi
}

inline settle(author)
{
    any = false;
    over = false;
    do
    :: over -> break
    :: else ->
        /* An early entry that follows. */
        go = false;
        for (k : (EARLY(author) != 0 -> 1 : 9) .. 8) {
            if
            :: !go && HAS(EARLY(author), k) && FOLLOWS(author, k) ->
                step_head(author, k);
                if
                :: author == PEER && KIND(author, k) != RECEIPT -> S.due = true
                :: else -> skip
                fi;
                go = true
            :: else -> skip
            fi
        }
        if
        :: go -> any = true
        :: else ->
            /* The run from the head on, up to a seal. */
            last = S.m_head[author];
            covered = false;
            known = true;
            do
            :: covered || !known -> break
            :: else ->
                /* An early entry that chains to it covers it, be it a resume. */
                for (k : (last > S.m_head[author] -> last + 1 : 9) .. 8) {
                    covered = covered || (HAS(EARLY(author), k) && PREV(author, k) == last &&
                                          (k == last + 1 || KIND(author, k) == RESUME))
                }
                if
                :: covered -> skip
                :: !covered && (last == 8 || !HAS(S.aside[author], last + 1)) -> break
                :: else ->
                    last = last + 1;
                    known = (author == OWN) || KNOWS(1 - author, XSEQ(author, last));
                    covered = known && (form[AT(author, last)] & SEALED)
                fi
            od;
            if
            :: !known ->
                want_more(author, S.m_head[author] + 1, last);
                S.aside[author] = S.aside[author] & ~RANGE(S.m_head[author] + 1, last);
                over = true
            :: known && covered ->
                for (k : S.m_head[author] + 1 .. last) {
                    put_row(author, k, false);
                    step_head(author, k)
                }
                any = true
            :: else -> over = true
            fi
        fi
    od;
    if
    :: author == PEER && TO(S.want[author]) <= S.m_head[author] -> S.want[author] = 0
    :: else -> skip
    fi
}

#define NEW 0
#define KNOWN 1
#define ASIDE 2
#define REFUSED 3

/* e of stream a, with pv, xh, sl: prev, xhash, seal came. */
inline take_entry()
{
    rebuilt = xh || KNOWS(1 - a, XSEQ(a, e));
    waits = false;
    if
    :: HAS(S.m_row[a], e) -> took = KNOWN
    :: !HAS(S.m_row[a], e) && e <= S.m_head[a] ->
        if
        :: !rebuilt || !IS_ABSENT(a, e) -> took = KNOWN
        :: rebuilt && IS_ABSENT(a, e) && !pv -> took = REFUSED
        :: rebuilt && IS_ABSENT(a, e) && pv && !sl && !(HAS(S.row[a], e + 1) && PREV(a, e + 1) == e) ->
            S.aside[a] = S.aside[a] | BIT(e);
            took = ASIDE
        :: else ->
            put_row(a, e, true);
            k = e - 1;
            do
            :: k > 0 && HAS(S.aside[a], k) && IS_ABSENT(a, k) && !HAS(S.m_row[a], k) -> put_row(a, k, true); k = k - 1
            :: else -> break
            od;
            S.aside[a] = S.aside[a] & ABOVE(e);
            took = NEW
        fi
    :: e > S.m_head[a] && !HAS(S.m_row[a], e) && !rebuilt ->
        want_more(a, e, e);
        took = REFUSED
    :: e > S.m_head[a] && !HAS(S.m_row[a], e) && rebuilt && sl && pv ->
        /* our own seal is met only while we take our stream back; a second history is met never */
        assert(a == PEER || S.taking);
        if
        :: FOLLOWS(a, e) ->
            put_row(a, e, false);
            step_head(a, e)
        :: else ->
            assert(e != S.m_head[a] + 1 || KIND(a, e) == RESUME);
            put_row(a, e, true)
        fi;
        took = NEW;
        waits = true
    :: else ->
        took = REFUSED;
        if
        :: a == PEER || S.taking ->
            S.aside[a] = S.aside[a] | BIT(e);
            took = ASIDE;
            waits = sl || EARLY(a) || (S.aside[a] & ABOVE(e))
        :: else -> skip
        fi
    fi;
    if
    :: waits ->
        settle(a);
        took = (took == NEW || any -> NEW : (HAS(S.aside[a], e) -> ASIDE : REFUSED))
    :: else -> skip
    fi;
    if
    :: took == KNOWN && a == PEER -> S.sync_due = true
    :: took >= ASIDE && !S.gap_shut && e > S.m_head[PEER] + 1 ->
        S.sync_due = true;
        S.gap_shut = true
    :: else -> skip
    fi
}

/* ---- What the peer holds of ours, and may we sign (src/line/sync.c) ---- */

inline held_up_to(up_to)
{
    if
    :: up_to > S.held -> S.held = up_to
    :: else -> skip
    fi;
    if
    :: S.tail <= S.held -> S.tail = S.held + 1
    :: else -> skip
    fi;
    S.urgent = S.urgent & ABOVE(S.held)
}

inline send_again_from(first)
{
    if
    :: first < S.tail -> S.tail = first
    :: else -> skip
    fi;
    S.sent[0] = S.sent[0] & UPTO((first) - 1);
    S.sent[1] = S.sent[1] & UPTO((first) - 1)
}

/* What was named of ours while it was lost here. */
inline named_anew()
{
    last_said = S.m_head[PEER];
    do
    :: HAS(S.row[PEER], last_said) && (form[AT(PEER, last_said)] & ALONE) -> last_said--
    :: else -> break
    od;
    if
    :: HAS(S.row[PEER], last_said) && KNOWS(OWN, XSEQ(PEER, last_said)) && !IS_ABSENT(OWN, XSEQ(PEER, last_said)) &&
       XSEQ(PEER, last_said) > S.named ->
        S.named = XSEQ(PEER, last_said);
        assert(s[o].set_back || HAS(s[o].row[OWN], S.named))
    :: else -> skip
    fi
}

inline may_sign_now()
{
    S.taking = false;
    S.want[OWN] = 0;
    named_anew();
    S.signing = (S.mark && fault != NUMBERS_KEPT -> RESUMING : READY)
}

inline signing_update()
{
    if
    :: S.signing == RECOVERING && S.head[OWN] >= S.need -> may_sign_now()
    :: else -> skip
    fi
}

inline want_own(lo, hi)
{
    S.want[OWN] = PAIR(lo, hi);
    S.want_now[OWN] = true
}

inline highest_of(numbers)
{
    top = 0;
    for (k : 1 .. 8) {
        if
        :: HAS(numbers, k) -> top = k
        :: else -> skip
        fi
    }
}

inline find_missing()
{
    /* k runs over what is held above `your head`; x is the next number not accounted for */
    n = net[d].early | (net[d].aside & ABOVE(net[d].your));
    x = (fault == SYNC_ADDED -> S.held : net[d].your) + 1;
    if
    :: exact || !S.fix_shut ->
        S.fix = 0;
        for (k : (n != 0 -> 1 : 9) .. 8) {
            if
            :: HAS(n, k) && k <= S.head[OWN] ->
                if
                :: k > x && x < S.tail -> S.fix = S.fix | RANGE(x, k - 1)
                :: else -> skip
                fi;
                if
                :: k >= x -> x = k + 1
                :: else -> skip
                fi
            :: else -> skip
            fi
        }
        S.fix_shut = true
    :: else ->
        highest_of(n);
        if
        :: top > 0 -> x = top + 1
        :: else -> skip
        fi
    fi;
    if
    :: x > S.head[OWN] + 1 -> x = S.head[OWN] + 1
    :: else -> skip
    fi;
    if
    :: x < S.tail && !patient ->
        send_again_from(x);
        S.ask[0] = true; /* which path lost it? */
        S.ask[1] = true
    :: x >= S.tail || patient ->
        if
        :: S.tail < x -> S.tail = x
        :: else -> skip
        fi
    fi
}

inline take_answer()
{
    highest_of(net[d].early);
    top = (top == 0 -> net[d].your : top);
    S.answered = true;
    S.above = (top > S.above -> top : S.above);
    if
    :: S.signing == ASKING && top > S.m_head[OWN] && !IS_ABSENT(OWN, top) ->
        S.signing = RECOVERING;
        S.taking = true;
        S.need = top;
        want_own(S.m_head[OWN] + 1, top)
    :: S.signing == ASKING && !(top > S.m_head[OWN] && !IS_ABSENT(OWN, top)) -> may_sign_now()
    :: else ->
        if
        :: S.resumed && top > S.m_head[OWN] && !IS_ABSENT(OWN, top) -> S.signing = RESUMING
        :: else -> skip
        fi
    fi
}

#define SAME_HISTORY (KNOWS(OWN, net[d].your) || IS_ABSENT(OWN, net[d].your))

/* under: 0 the current session, 1 the old one */
inline take_sync()
{
    exact = !S.synced[under];
    if
    :: !exact && (net[d].own < S.sync_own[under] || net[d].your < S.sync_your[under]) -> skip
    :: else ->
        S.synced[under] = true;
        S.sync_own[under] = net[d].own;
        S.sync_your[under] = net[d].your;
        if
        :: net[d].starting && under == 0 ->
            S.old = (fault == OLD_SESSION_HEARD -> S.old : 0);
            S.answer_due = true;
            S.answer = 1;
            if
            :: FILLING && fault != ANSWER_BEFORE_DURABLE -> skip
            :: else -> S.answer = (S.flight && fault != ANSWER_BEFORE_DURABLE -> 2 : 3)
            fi
        :: !net[d].starting && under == 0 ->
            S.answer = 0;
            S.answer_due = false
        :: else -> skip
        fi;
        if
        :: net[d].answer && !S.answered && under == 0 -> take_answer()
        :: else -> skip
        fi;
        if
        :: S.signing == RECOVERING || S.signing == RESUMING || !S.answered -> skip
        :: else ->
            if
            :: net[d].your > S.m_head[OWN] -> want_own(S.m_head[OWN] + 1, net[d].your)
            :: net[d].your <= S.m_head[OWN] && !SAME_HISTORY -> want_own(net[d].your, net[d].your)
            :: else -> skip
            fi
        fi;
        if
        :: IS_ABSENT(OWN, net[d].your) ->
            /* The peer stands on what a resume of ours gave up: all since goes to it whole, as if it had asked. */
            if
            :: S.give[OWN] == 0 && !S.fix_shut && !S.fresh ->
                S.fix_shut = true;
                x = 1;
                do
                :: !IS_ABSENT(OWN, x) -> x++
                :: else -> break
                od;
                S.give[OWN] = PAIR(x, S.head[OWN])
            :: else -> skip
            fi
        :: !IS_ABSENT(OWN, net[d].your) && net[d].your <= S.head[OWN] && SAME_HISTORY ->
            exact = exact || net[d].starting;
            patient = S.fresh && (!exact || S.fresh_session);
            if
            :: exact && net[d].your < S.held && fault != SYNC_ADDED -> S.held = net[d].your
            :: else -> skip
            fi;
            held_up_to(net[d].your);
            S.urgent = S.urgent & ~net[d].early;
            find_missing()
        :: else -> skip
        fi;
        if
        :: net[d].own > S.m_head[PEER] && !S.gap_shut ->
            S.sync_due = true;
            S.gap_shut = true
        :: else -> skip
        fi
    fi
}

/* The peer says that it has no more: it is believed when twice nothing new came. */
inline nothing_came()
{
    S.quiet = (S.came -> 0 : S.quiet + 1);
    S.came = false;
    go = S.quiet == 2;
    S.quiet = (go -> 0 : S.quiet)
}

inline take_none()
{
    if
    :: net[d].none[PEER] != 0 && S.want[PEER] != 0 && FROM(S.want[PEER]) >= FROM(net[d].none[PEER]) &&
       TO(S.want[PEER]) <= TO(net[d].none[PEER]) -> S.want[PEER] = 0
    :: else -> skip
    fi;
    if
    :: net[d].none[OWN] != 0 && S.want[OWN] != 0 && FROM(S.want[OWN]) >= FROM(net[d].none[OWN]) &&
       TO(S.want[OWN]) <= TO(net[d].none[OWN]) ->
        highest_of(S.m_row[OWN]);
        go = false;
        if
        :: S.signing == RECOVERING && top >= S.need -> nothing_came()
        :: S.signing != RECOVERING && IS_ABSENT(OWN, TO(S.want[OWN])) -> nothing_came()
        :: else -> skip
        fi;
        if
        :: S.signing != RECOVERING ->
            S.absent_from = (go -> TO(S.want[OWN]) + 1 : S.absent_from);
            S.want[OWN] = 0
        :: S.signing == RECOVERING && go ->
            /* What is not given was lost on both sides. */
            assert(S.m_head[OWN] < S.need);
            S.signing = RESUMING
        :: else ->
            S.want[OWN] = PAIR(S.m_head[OWN] + 1, TO(S.want[OWN]));
            S.want_now[OWN] = false
        fi
    :: else -> skip
    fi
}

/* What stands in net[d] has come to i. */
inline take_items()
{
    for (n : 0 .. 1) {
        if
        :: net[d].want[n] != 0 && S.give[n] != net[d].want[n] ->
            S.give[n] = net[d].want[n];
            if
            :: n == PEER -> S.give_none = false
            :: else -> skip
            fi
        :: else -> skip
        fi
    }
    /* In the order of the frame: FLASH, IMMEDIATE, what is missing and new, what was wanted, what is given back. */
    for (x : 0 .. 4) {
        if
        :: x == 4 -> take_none()
        :: else -> skip
        fi;
        set = (x < 2 -> net[d].urgent : (x == 2 -> net[d].plain : (x == 3 -> net[d].whole : net[d].back)));
        a = (x < 4 -> PEER : OWN);
        /* Nothing was asked for yet: what comes of our own is of a want of ours from before. */
        set = (a == OWN && S.signing == ASKING && fault != GIVEN_UNASKED -> 0 : set);
        for (e : (set != 0 -> 1 : 9) .. 8) {
            if
            :: HAS(set, e) && (x > 1 || (PREC(a, e) == FLASH) == (x == 0)) ->
                xh = x > 2;
                pv = x > 2 || KIND(a, e) == RESUME || (x < 2 && !HAS(net[d].next, e));
                sl = x == 3 || (form[AT(a, e)] & SEALED);
                take_entry()
            :: else -> skip
            fi
        }
    }
    signing_update();
    if
    :: S.named > S.named_seen ->
        S.named_seen = S.named;
        held_up_to(S.named)
    :: else -> skip
    fi;
    if
    :: net[d].sync -> take_sync()
    :: else -> skip
    fi
}

inline no_frame(which)
{
    net[which].session = 0;
    net[which].sync = false;
    net[which].starting = false;
    net[which].answer = false;
    net[which].ask = false;
    net[which].echo = false;
    net[which].of_0 = false;
    net[which].own = 0;
    net[which].your = 0;
    net[which].early = 0;
    net[which].aside = 0;
    net[which].urgent = 0;
    net[which].next = 0;
    net[which].plain = 0;
    net[which].whole = 0;
    net[which].back = 0;
    net[which].want[0] = 0;
    net[which].want[1] = 0;
    net[which].none[0] = 0;
    net[which].none[1] = 0
}

/* ---- Commit (src/line/commit.c, src/record/receipt.c) ---- */

#define BOXED (S.box_r + S.box_f > 0)
#define WAITS (S.receipt >= S.tail)
#define OWES (S.due_alone != 0 || (S.due && (S.due_prec >= IMMEDIATE || !WAITS)))
#define TO_COMMIT ((FILLING && (hurry || MORE_THAN_RECEIPTS)) || S.signing == RESUMING || \
                   (S.signing == READY && (BOXED || OWES)))

/* One number of ours is signed. No number stands for two entries: not where anything that was made durable under it is
 * still held by the peer, or can still come to it; and after a restore that was told never. */
inline sign(what, names_what, chains_to, number)
{
    n = number;
    assert(n <= 8);
    assert(!HAS(s[o].row[OWN] | s[o].m_row[OWN], n));
    for (k : i * 2 .. i * 2 + 1) {
        assert(net[k].session == 0 || !HAS(net[k].urgent | net[k].plain | net[k].whole, n) ||
               (net[k].session != s[o].cur && net[k].session != s[o].next && net[k].session != s[o].old));
        if
        :: HAS(net[k].urgent | net[k].plain | net[k].whole, n) -> no_frame(k)
        :: else -> skip
        fi
    }
    assert(!HAS(spent[OWN], n) || S.untold);
    s[o].aside[OWN] = s[o].aside[OWN] & ~BIT(n);
    form[AT(OWN, n)] = what;
    names[AT(OWN, n)] = PAIR(names_what, chains_to);
    S.m_row[OWN] = S.m_row[OWN] | BIT(n);
    step_head(OWN, n)
}

inline sign_next(what)
{
    sign(what, S.m_head[PEER], S.m_head[OWN], S.m_head[OWN] + 1);
    if
    :: ((what) & 3) >= IMMEDIATE -> S.urgent = S.urgent | BIT(n)
    :: else -> skip
    fi;
    /* Whatever else it says, it is a receipt. */
    if
    :: S.due_prec < IMMEDIATE || ((what) & 3) >= S.due_prec ->
        S.due = false;
        S.due_prec = ROUTINE
    :: else -> skip
    fi
}

inline sign_receipts()
{
    for (e : 1 .. 8) {
        if
        :: HAS(S.due_alone, e) ->
            if
            :: e <= S.m_head[PEER] ->
                S.due = true;
                if
                :: PREC(PEER, e) > S.due_prec -> S.due_prec = PREC(PEER, e)
                :: else -> skip
                fi
            :: else ->
                sign(RECEIPT | SEALED | ALONE | PREC(PEER, e), e, S.m_head[OWN], S.m_head[OWN] + 1);
                S.urgent = S.urgent | BIT(n)
            fi
        :: else -> skip
        fi
    }
    S.due_alone = 0;
    if
    :: S.due && S.due_prec >= IMMEDIATE -> sign_next(RECEIPT | SEALED | S.due_prec)
    :: S.due && S.due_prec < IMMEDIATE && !texts && !waits ->
        sign_next(RECEIPT | SEALED | S.due_prec);
        S.receipt = S.m_head[OWN]
    :: else -> skip
    fi
}

inline sign_texts()
{
    do
    :: S.box_f > S.f_unbox_f -> S.f_unbox_f++; sign_next(TEXT | SEALED | FLASH)
    :: else -> break
    od;
    do
    :: S.wait_f > 0 -> S.wait_f--; sign_next(TEXT | SEALED | FLASH)
    :: else -> break
    od;
    do
    :: S.box_r > S.f_unbox_r ->
        S.f_unbox_r++;
        sign_next(TEXT | (S.box_r == S.f_unbox_r && S.wait_r == 0 -> SEALED : 0))
    :: else -> break
    od;
    do
    :: S.wait_r > 0 ->
        S.wait_r--;
        sign_next(TEXT | (S.wait_r == 0 -> SEALED : 0))
    :: else -> break
    od
}

/* A resume before all else; receipts before texts, but in the first batch of all. */
inline sign_all()
{
    texts = S.wait_r + S.wait_f + S.box_r + S.box_f > 0;
    set = texts && S.m_head[OWN] == 0;
    if
    :: S.signing == RESUMING ->
        highest_of(S.m_row[OWN]);
        x = (S.above > top -> S.above : top);
        highest_of(spent[OWN]); /* 2^24 and more are above whatever was signed and lost */
        top = (x > top -> x : top);
        sign(RESUME | SEALED | FLASH, S.m_head[PEER], S.m_head[OWN], top + 2);
        S.urgent = S.urgent | BIT(n);
        S.f_resumed = true;
        S.taking = false;
        S.signing = READY;
        S.resumed = true
    :: else -> skip
    fi;
    for (x : 0 .. 1) {
        if
        :: x == set ->
            waits = WAITS;
            sign_receipts()
        :: else -> sign_texts()
        fi
    }
}

/* Whatever waits goes to the disk as soon as nothing else is on its way there. */
inline begin_commit()
{
    if
    :: S.signing >= RESUMING -> sign_all()
    :: else -> skip
    fi;
    S.f_box_r = S.wait_r;
    S.f_box_f = S.wait_f;
    S.wait_r = 0;
    S.wait_f = 0;
    if
    :: S.m_row[0] != S.row[0] || S.m_row[1] != S.row[1] || S.f_box_r + S.f_box_f > 0 ->
        S.flight = true;
        S.f_row[0] = S.m_row[0];
        S.f_row[1] = S.m_row[1];
        S.f_head[0] = S.m_head[0];
        S.f_head[1] = S.m_head[1];
        S.answer = (S.answer == 1 -> 2 : S.answer);
        if
        :: fault == RECEIPT_BEFORE_COMMIT ->
            S.row[OWN] = S.m_row[OWN];
            S.head[OWN] = S.m_head[OWN]
        :: else -> skip
        fi
    :: else -> skip
    fi
}

inline no_flight()
{
    S.flight = false;
    S.f_row[0] = 0;
    S.f_row[1] = 0;
    S.f_head[0] = 0;
    S.f_head[1] = 0;
    S.f_box_r = 0;
    S.f_box_f = 0;
    S.f_unbox_r = 0;
    S.f_unbox_f = 0;
    S.f_resumed = false
}

inline to_disk()
{
    S.row[0] = S.f_row[0];
    S.row[1] = S.f_row[1];
    S.head[0] = S.f_head[0];
    S.head[1] = S.f_head[1];
    S.box_r = S.box_r + S.f_box_r - S.f_unbox_r;
    S.box_f = S.box_f + S.f_box_f - S.f_unbox_f;
    if
    :: S.f_resumed -> S.mark = false
    :: else -> skip
    fi;
    spent[OWN] = spent[OWN] | S.row[OWN];
    no_flight()
}

inline end_commit()
{
    to_disk();
    if
    :: S.answer == 2 -> S.answer = 3
    :: else -> skip
    fi;
    settle(PEER);
    if
    :: S.taking -> settle(OWN)
    :: else -> skip
    fi;
    signing_update()
}

/* ---- Output (src/line/output.c) ---- */

#define NET(x, path) net[(x) * 2 + (path)]
#define DEAF 2
#define ANSWERS(x, path) (s[x].heard[path] && (s[x].unanswered[path] < DEAF || fault == DEAF_PATH_KEPT))
#define BEST(x, path) (s[x].heard[path] && \
                       (ANSWERS(x, path) -> !((path) == 1 && ANSWERS(x, 0)) : !ANSWERS(x, 1 - (path))))
#define SYNC_GOES(x, path) (s[x].ask[path] || s[x].echo[path] || (s[x].sync_due && s[x].heard[path]))
#define URGENT_GOES(x, path) (s[x].urgent & ~s[x].sent[path] & UPTO(s[x].head[x]))
#define TAIL_GOES(x) (s[x].row[x] & UPTO(s[x].head[x]) & ABOVE(s[x].tail - 1) & \
                      ~(s[x].urgent & (s[x].sent[0] | s[x].sent[1])))
#define WANT_GOES(x, y) (s[x].want[y] != 0 && s[x].want_now[y])
#define FIX_GOES(x) (s[x].fix & s[x].row[x] & UPTO(s[x].head[x]) & ABOVE(s[x].held))
#define CAN_SEND(x, path) (s[x].up && s[1 - (x)].up && s[x].cur != 0 && NET(x, path).session == 0 && \
    (SYNC_GOES(x, path) || (s[x].heard[path] && URGENT_GOES(x, path)) || (BEST(x, path) && \
     (WANT_GOES(x, 0) || WANT_GOES(x, 1) || FIX_GOES(x) || TAIL_GOES(x) || \
      s[x].give[0] != 0 || s[x].give[1] != 0))))

/* What is in the frame was handed to the network: all of it, and all that it names, must be durable. */
inline check_sent(numbers)
{
    for (k : ((numbers) != 0 -> 1 : 9) .. 8) {
        if
        :: HAS(numbers, k) ->
            assert(HAS(S.row[OWN], k));
            assert(XSEQ(OWN, k) == 0 || HAS(S.row[PEER], XSEQ(OWN, k)) || S.set_back)
        :: else -> skip
        fi
    }
}

inline put_urgent(path)
{
    if
    :: path < 2 ->
        net[d].urgent = URGENT_GOES(i, path);
        S.sent[path] = S.sent[path] | net[d].urgent
    :: else ->
        net[d].urgent = S.urgent & ~(S.sent[0] | S.sent[1]) & UPTO(S.head[OWN]);
        S.sent[0] = S.sent[0] | net[d].urgent;
        S.sent[1] = S.sent[1] | net[d].urgent
    fi;
    net[d].next = (S.held < 8 -> net[d].urgent & BIT(S.held + 1) : 0);
    for (k : (net[d].urgent != 0 -> 1 : 9) .. 8) {
        if
        :: HAS(net[d].urgent, k) && k == S.tail -> S.tail++
        :: else -> skip
        fi
    }
    check_sent(net[d].urgent)
}

inline put_tail()
{
    n = TAIL_GOES(i);
    net[d].plain = net[d].plain | n;
    if
    :: S.row[OWN] & UPTO(S.head[OWN]) & ABOVE(S.tail - 1) -> S.tail = S.head[OWN] + 1
    :: else -> skip
    fi;
    check_sent(net[d].plain)
}

inline note_sent()
{
    if
    :: net[d].urgent | net[d].plain | net[d].whole ->
        S.fresh = true;
        S.fresh_session = true
    :: else -> skip
    fi
}

inline put_sync()
{
    net[d].sync = true;
    net[d].starting = !S.answered;
    net[d].answer = S.answer == 3;
    net[d].own = S.head[OWN];
    net[d].your = S.head[PEER];
    net[d].early = S.row[PEER] & ABOVE(S.head[PEER])
}


/* What the peer holds under numbers that our resumes declare absent: in each session it is asked for each gap between
 * what is here, until twice nothing new has come. */
inline want_absent()
{
    n = 0;
    go = S.signing == READY && S.answered && S.want[OWN] == 0;
    for (k : (go && S.absent[OWN] != 0 -> 1 : 9) .. 8) {
        if
        :: HAS(S.m_row[OWN] & UPTO(S.m_head[OWN]), k) && KIND(OWN, k) == RESUME && !IS_ABSENT(OWN, k) &&
           PREV(OWN, k) + 1 < k ->
            if
            :: go && n == S.absent_asked && S.held >= k - 1 ->
                go = false;
                if
                :: S.absent_from < PREV(OWN, k) + 1 -> S.absent_from = PREV(OWN, k) + 1
                :: else -> skip
                fi;
                do
                :: HAS(S.row[OWN], S.absent_from) -> S.absent_from++
                :: else -> break
                od;
                if
                :: S.absent_from >= k -> S.absent_asked++
                :: else ->
                    x = S.absent_from;
                    do
                    :: x < k - 1 && !HAS(S.row[OWN], x + 1) -> x++
                    :: else -> break
                    od;
                    want_own(S.absent_from, x)
                fi
            :: else -> skip
            fi;
            n++
        :: else -> skip
        fi
    }
}

inline put_wants()
{
    for (n : 0 .. 1) {
        if
        :: WANT_GOES(i, n) ->
            net[d].want[n] = S.want[n];
            S.want_now[n] = false
        :: else -> skip
        fi
    }
}

inline put_wanted()
{
    if
    :: S.give[OWN] != 0 ->
        net[d].whole = S.row[OWN] & RANGE(FROM(S.give[OWN]), TO(S.give[OWN])) & UPTO(S.head[OWN]);
        net[d].none[OWN] = S.give[OWN];
        S.give[OWN] = 0;
        check_sent(net[d].whole)
    :: else -> skip
    fi;
    if
    :: S.give[PEER] != 0 ->
        net[d].back = (S.give_none -> 0 : S.row[PEER] & RANGE(FROM(S.give[PEER]), TO(S.give[PEER])));
        if
        :: net[d].back != 0 -> S.give_none = true
        :: else ->
            net[d].none[PEER] = S.give[PEER];
            S.give[PEER] = 0;
            S.give_none = false
        fi
    :: else -> skip
    fi
}

inline make_frame()
{
    net[d].session = S.cur;
    go = BEST(i, q); /* before the ask in this frame counts as one without an answer */
    if
    :: SYNC_GOES(i, q) ->
        put_sync();
        net[d].aside = S.aside[PEER];
        net[d].ask = S.ask[q];
        net[d].of_0 = q == 1 && !S.met;
        net[d].echo = (S.ask[q] || S.echo[q]) && S.seen[q] && !net[d].of_0;
        net[d].of_0 = (S.ask[q] || S.echo[q]) && S.seen[0] && net[d].of_0;
        if
        :: S.ask[q] ->
            S.unanswered[q] = (S.unanswered[q] < DEAF -> S.unanswered[q] + 1 : DEAF);
            s[o].seen[q] = false;
            NET(o, q).echo = false;
            NET(o, 1).of_0 = NET(o, 1).of_0 && q != 0
        :: else -> skip
        fi;
        S.ask[q] = false;
        S.echo[q] = false;
        S.sync_due = false;
        S.answer = (S.answer == 3 && fault == ANSWER_SAID_ONCE -> 0 : S.answer)
    :: else -> skip
    fi;
    if
    :: go -> put_wants()
    :: else -> skip
    fi;
    if
    :: S.heard[q] -> put_urgent(q)
    :: else -> skip
    fi;
    if
    :: go ->
        net[d].plain = FIX_GOES(i);
        S.fix = 0;
        put_tail();
        put_wanted()
    :: else -> skip
    fi;
    note_sent()
}

inline turn_round()
{
    i = o;
    o = 1 - i
}

/* ---- Sessions (src/line/handshake.c) ---- */

inline make_room()
{
    if
    :: S.cur != 0 ->
        S.old = S.cur;
        S.synced[1] = S.synced[0];
        S.sync_own[1] = S.sync_own[0];
        S.sync_your[1] = S.sync_your[0]
    :: else -> skip
    fi;
    S.synced[0] = false;
    S.sync_own[0] = 0;
    S.sync_your[0] = 0;
    S.sync_due = true;
    S.absent_asked = 0;
    S.absent_from = 0;
    S.answer = 0;
    S.answer_due = false;
    for (k : 0 .. 1) {
        S.unanswered[k] = 0;
        S.seen[k] = false;
        S.ask[k] = true
    }
}

inline time_passes()
{
    S.fresh = false;
    S.fresh_session = false;
    S.gap_shut = false;
    S.fix_shut = false;
    S.want_now[0] = true;
    S.want_now[1] = true;
    S.old = 0
}

/* The handshake is one step in which nothing is lost: message 1 with entries, a commit, message 2 with a sync and
 * entries. That it is proved by a frame, which may be lost, is not part of it. */
inline message_1()
{
    sessions++;
    d = 4;
    time_passes();
    if
    :: S.signing == READY ->
        send_again_from(S.held + 1);
        put_urgent(2);
        put_tail();
        note_sent()
    :: else -> skip
    fi;
    turn_round();
    S.next = 0
}

inline message_2()
{
    no_frame(4);
    put_sync();
    /* What was asked under an older session is no answer in this one: frames of that one may still come. */
    net[4].answer = (fault == ANSWER_FROM_BEFORE && net[4].answer) || (S.cur == 0 && S.old == 0 && !FILLING);
    S.fresh_session = false;
    put_urgent(2);
    put_tail();
    note_sent();
    S.next = sessions;
    turn_round();
    make_room();
    S.cur = sessions;
    S.next = 0;
    S.fresh_session = false;
    S.heard[q] = true
}

/* A frame has come: under which session. 2: none that is known. */
inline open_frame()
{
    x = net[d].session;
    if
    :: x == S.next && x != S.cur ->
        make_room();
        S.cur = S.next;
        S.next = 0
    :: else -> skip
    fi;
    under = (x == S.cur -> 0 : (x == S.old -> 1 : 2));
    if
    :: under < 2 ->
        S.heard[q] = true;
        S.echo[q] = S.echo[q] || net[d].ask;
        S.seen[q] = S.seen[q] || under == 0;
        S.met = S.met || q == 1;
        S.unanswered[q] = (under == 0 && net[d].echo -> 0 : S.unanswered[q]);
        S.unanswered[0] = (under == 0 && net[d].of_0 -> 0 : S.unanswered[0])
    :: else -> skip
    fi
}

/* ---- Crash, start, restore ---- */

inline forget()
{
    S.up = false;
    no_flight();
    S.m_row[0] = 0;
    S.m_row[1] = 0;
    S.m_head[0] = 0;
    S.m_head[1] = 0;
    S.absent[0] = 0;
    S.absent[1] = 0;
    S.aside[0] = 0;
    S.aside[1] = 0;
    S.wait_r = 0;
    S.wait_f = 0;
    S.signing = ASKING;
    S.answered = false;
    S.resumed = false;
    S.need = 0;
    S.above = 0;
    S.named = 0;
    S.named_seen = 0;
    S.alone = 0;
    S.held = 0;
    S.tail = 0;
    S.fix = 0;
    S.urgent = 0;
    S.sent[0] = 0;
    S.sent[1] = 0;
    S.sync_due = false;
    S.answer = 0;
    S.answer_due = false;
    S.want[0] = 0;
    S.want[1] = 0;
    S.give[0] = 0;
    S.give[1] = 0;
    S.give_none = false;
    S.absent_asked = 0;
    S.absent_from = 0;
    S.taking = false;
    S.quiet = 0;
    S.came = false;
    S.due = false;
    S.due_prec = ROUTINE;
    S.due_alone = 0;
    S.receipt = 0;
    S.met = false;
    S.cur = 0;
    S.next = 0;
    S.old = 0;
    for (k : 0 .. 1) {
        S.ask[k] = false;
        S.echo[k] = false;
        S.heard[k] = false;
        S.unanswered[k] = 0;
        S.seen[k] = false;
        S.synced[k] = false;
        S.sync_own[k] = 0;
        S.sync_your[k] = 0
    }
    time_passes()
}

inline lose_peer()
{
    for (k : 0 .. 1) {
        no_frame(i * 2 + k);
        S.heard[k] = false;
        S.ask[k] = false;
        S.echo[k] = false
    }
    S.next = 0
}

inline load()
{
    S.m_row[0] = S.row[0];
    S.m_row[1] = S.row[1];
    for (a : 0 .. 1) {
        for (n : 1 .. 8) {
            if
            :: HAS(S.m_row[a], n) && FOLLOWS(a, n) -> step_head(a, n)
            :: else -> skip
            fi
        }
        assert(S.m_head[a] == S.head[a] || S.set_back);
        S.head[a] = S.m_head[a]
    }
    if
    :: fault == AMNESIA_SKIPPED ->
        S.answered = true;
        may_sign_now()
    :: else -> skip
    fi;
    S.tail = S.head[OWN] + 1;
    x = 0; /* what we named last */
    last = 0; /* what the peer said last, and named */
    top = 0;
    for (n : 1 .. 8) {
        if
        :: HAS(S.row[OWN], n) && !(form[AT(OWN, n)] & ALONE) && KNOWS(PEER, XSEQ(OWN, n)) -> x = XSEQ(OWN, n)
        :: else -> skip
        fi;
        if
        :: HAS(S.row[PEER], n) && KIND(PEER, n) != RECEIPT -> last = n
        :: else -> skip
        fi;
        if
        :: HAS(S.row[PEER], n) && !(form[AT(PEER, n)] & ALONE) && KNOWS(OWN, XSEQ(PEER, n)) -> top = XSEQ(PEER, n)
        :: else -> skip
        fi
    }
    /* Whoever named what a resume gave up held what stands before that. */
    top = (top > S.m_head[OWN] -> S.m_head[OWN] : top);
    do
    :: IS_ABSENT(OWN, top) -> top--
    :: else -> break
    od;
    S.named = top;
    S.named_seen = top;
    if
    :: last > x && last <= S.m_head[PEER] ->
        S.due = true;
        S.due_prec = IMMEDIATE
    :: else -> skip
    fi;
    S.up = true;
    if
    :: s[o].up && s[o].cur != 0 ->
        s[o].ask[0] = true;
        s[o].ask[1] = true
    :: else -> skip
    fi;
    s[o].unanswered[0] = 0;
    s[o].unanswered[1] = 0
}

inline take_backup_back()
{
    S.row[0] = S.old_row[0];
    S.row[1] = S.old_row[1];
    S.box_r = 0;
    S.box_f = 0;
    S.mark = event == RESTORE_TOLD;
    S.set_back = true;
    S.untold = S.untold || event == RESTORE;
    S.backed = false;
    left_back[i] = 0;
    S.old_row[0] = 0;
    S.old_row[1] = 0
}

/* What is of no consequence any more is set to nothing, so that states that behave alike are one. */
inline tidy()
{
    S.sent[0] = S.sent[0] & S.urgent;
    S.sent[1] = S.sent[1] & S.urgent;
    S.fresh_session = S.fresh_session && S.fresh;
    S.need = (S.signing == RECOVERING -> S.need : 0);
    S.synced[1] = S.synced[1] && S.old != 0;
    S.sync_own[1] = (S.old != 0 -> S.sync_own[1] : 0);
    S.sync_your[1] = (S.old != 0 -> S.sync_your[1] : 0)
}

/* ---- When it may happen ---- */

#define LINGERS(x) (s[x].up && !s[x].flight && (s[x].m_row[0] != s[x].row[0] || s[x].m_row[1] != s[x].row[1]))
#define ALIVE(x) (s[x].cur != 0 && (s[x].cur == s[1 - (x)].cur || s[x].cur == s[1 - (x)].next || \
                                    s[x].cur == s[1 - (x)].old))
#define BOTH_UP (s[0].up && s[1].up)
#define CAN_TIME(x) (BOTH_UP && ALIVE(x) && s[x].next == 0 && !LINGERS(x) && net[(x) * 2].session == 0 && \
                     net[(x) * 2 + 1].session == 0)
#define CAN_SHAKE(x) (BOTH_UP && !ALIVE(x) && s[x].next == 0 && !LINGERS(x) && !s[1 - (x)].flight)
#define QUIET (BOTH_UP && net[0].session + net[1].session + net[2].session + \
               net[3].session == 0 && DISKS_REST && !CAN_SHAKE(0) && !CAN_SHAKE(1))

/* Once all is calm the disks are not kept waiting for ever: they come first. */
#define DISKS_REST (!s[0].flight && !s[1].flight && !LINGERS(0) && !LINGERS(1))

#define CHOOSE(what, x, path) event = what; who = x; at = path; i = x; o = 1 - (x); q = path; d = (x) * 2 + (path)

#define STEPS_OF(x) \
    :: !calm && s[x].up && left_r[x] > 0 -> CHOOSE(WRITE_R, x, 0) \
    :: !calm && s[x].up && left_f[x] > 0 -> CHOOSE(WRITE_F, x, 0) \
    :: s[x].flight -> CHOOSE(DURABLE, x, 0) \
    :: LINGERS(x) -> CHOOSE(COMPANY, x, 0) \
    :: NET(x, 0).session != 0 && s[1 - (x)].up && (calm -> DISKS_REST && good == 0 : true) -> CHOOSE(COME, x, 0) \
    :: NET(x, 1).session != 0 && s[1 - (x)].up && (calm -> DISKS_REST && good == 1 : true) -> CHOOSE(COME, x, 1) \
    :: net[(x) * 2].session != 0 && (calm -> good != 0 : losses > 0) -> CHOOSE(LOST, x, 0) \
    :: net[(x) * 2 + 1].session != 0 && (calm -> good != 1 : losses > 0) -> CHOOSE(LOST, x, 1) \
    :: (calm -> QUIET && turn == x : timers > 0) && CAN_TIME(x) -> CHOOSE(TIME, x, 0) \
    :: calm && QUIET && turn == x && !CAN_TIME(x) -> CHOOSE(CALM, x, good); turn = 1 - turn \
    :: CAN_SHAKE(x) -> CHOOSE(SHAKE, x, (calm -> good : 0)) \
    :: !calm && s[x].up && left_crash[x] > 0 -> CHOOSE(CRASH, x, 0) \
    :: !calm && s[x].flight && left_crash[x] > 0 -> CHOOSE(DURABLE_CRASH, x, 0) \
    :: !s[x].up -> CHOOSE(START, x, 0) \
    :: !calm && s[x].up && left_back[x] != 0 && !s[x].backed -> CHOOSE(BACKUP, x, 0) \
    :: !calm && !s[x].up && s[x].backed && (left_back[x] & 1) -> CHOOSE(RESTORE, x, 0) \
    :: !calm && !s[x].up && s[x].backed && (left_back[x] & 2) -> CHOOSE(RESTORE_TOLD, x, 0)

/* Every text that its author still has is on both records and receipted, and the records are the same. */
#define NAMED_BY(x, n, m) (HAS(s[x].row[1 - (x)], m) && ((form[AT(1 - (x), m)] & ALONE) -> XSEQ(1 - (x), m) == (n) : \
                           XSEQ(1 - (x), m) >= (n)))
#define DELIVERED(x, n) (NAMED_BY(x, n, 1) || NAMED_BY(x, n, 2) || NAMED_BY(x, n, 3) || NAMED_BY(x, n, 4) || \
                         NAMED_BY(x, n, 5) || NAMED_BY(x, n, 6) || NAMED_BY(x, n, 7) || NAMED_BY(x, n, 8))
#define PAID(x, n) (!HAS(s[x].row[x], n) || KIND(x, n) != TEXT || DELIVERED(x, n))
#define ALL_PAID(x) (PAID(x, 1) && PAID(x, 2) && PAID(x, 3) && PAID(x, 4) && PAID(x, 5) && PAID(x, 6) && \
                     PAID(x, 7) && PAID(x, 8) && s[x].box_r + s[x].box_f + s[x].wait_r + s[x].wait_f == 0)
#define DONE (s[0].row[0] == s[1].row[0] && s[0].row[1] == s[1].row[1] && ALL_PAID(0) && ALL_PAID(1))

inline say()
{
    printf("step %d %d %d\n", event, who, at);
    for (k : 0 .. 1) {
        printf("state %d %d %d %d %d %d %d %d %d\n", k, s[k].up, s[k].signing, s[k].head[0], s[k].head[1], s[k].row[0],
               s[k].row[1], s[k].named_seen, s[k].alone)
    }
}

active proctype world()
{
    d_step {
        GIVEN(left_r[0], TEXTS_A);
        GIVEN(left_f[0], FLASH_A);
        GIVEN(left_r[1], TEXTS_B);
        GIVEN(left_crash[0], CRASH_A);
        GIVEN(left_crash[1], CRASH_B);
        GIVEN(left_back[0], BACK_A);
        GIVEN(left_back[1], BACK_B);
        GIVEN(losses, LOSSES);
        GIVEN(timers, TIMERS);
        GIVEN(fault, FAULT);
        GIVEN(calms, CALMS);
        /* The line is up and both have been told. */
        sessions = 1;
        for (k : 0 .. 1) {
            s[k].up = true;
            s[k].signing = READY;
            s[k].answered = true;
            s[k].tail = 1;
            s[k].cur = 1;
            s[k].synced[0] = true;
            s[k].want_now[0] = true;
            s[k].want_now[1] = true;
            s[k].seen[0] = true;
            s[k].met = true;
            s[k].seen[1] = true;
            s[k].heard[0] = true;
            s[k].heard[1] = true
        }
        skip
    }
end:
    do
    :: atomic {
        if
        STEPS_OF(0)
        STEPS_OF(1)
        :: calms && !calm -> CHOOSE(CALM, 0, 0)
        :: calms && !calm -> CHOOSE(CALM, 0, 1)
        fi;
        /* One to three times: what this step is; what came in; what that leaves to be committed. */
        phase = 0;
        do
        :: d_step {
                under = 2;
                if
                :: event == WRITE_R -> left_r[i]--; S.wait_r++
                :: event == WRITE_F -> left_f[i]--; S.wait_f++
                :: event == COME -> turn_round(); open_frame()
                :: event == LOST ->
                    no_frame(d);
                    losses = (calm -> losses : losses - 1)
                :: event == TIME ->
                    time_passes();
                    S.ask[0] = true;
                    S.ask[1] = true;
                    timers = (calm -> timers : timers - 1);
                    turn = (calm -> 1 - turn : turn)
                :: event == SHAKE && phase == 0 -> message_1(); under = 0
                :: event == SHAKE && phase == 1 -> message_2(); under = 0
                :: event == CRASH || event == DURABLE_CRASH ->
                    if
                    :: event == DURABLE_CRASH -> to_disk()
                    :: else -> skip
                    fi;
                    left_crash[i]--;
                    forget();
                    turn_round();
                    lose_peer();
                    turn_round()
                :: event == START -> load()
                :: event == BACKUP ->
                    S.backed = true;
                    S.old_row[0] = S.row[0];
                    S.old_row[1] = S.row[1]
                :: event == RESTORE || event == RESTORE_TOLD -> take_backup_back()
                :: event == CALM ->
                    calm = true;
                    good = q
                :: else -> skip
                fi
            }
            d_step {
                if
                :: under < 2 -> take_items()
                :: else -> skip
                fi;
                if
                :: event == COME || event == SHAKE -> no_frame(d)
                :: else -> skip
                fi
            }
            d_step {
                if
                :: event == DURABLE -> end_commit()
                :: else -> skip
                fi;
                hurry = event == COMPANY || (event == SHAKE && phase == 0);
                do
                :: S.up && !S.flight && TO_COMMIT ->
                    begin_commit();
                    if
                    :: event == SHAKE && phase == 0 && S.flight -> end_commit()
                    :: else -> break
                    fi
                :: else -> break
                od;
                if
                :: S.answer == 3 && S.answer_due ->
                    S.answer_due = false;
                    S.sync_due = true
                :: else -> skip
                fi;
                phase++
            }
            if
            :: event == SHAKE && phase == 1 -> skip
            :: else -> break
            fi
        od;
        /* Whoever has something to say and a path that is free says it: first i, then the other. */
        phase = 0;
        do
        :: phase < 4 ->
            d_step {
                q = phase % 2;
                d = i * 2 + q;
                if
                :: S.up && s[o].up && S.cur != 0 && net[d].session == 0 && BEST(i, q) -> want_absent()
                :: else -> skip
                fi;
                if
                :: CAN_SEND(i, q) -> make_frame()
                :: else -> skip
                fi;
                if
                :: q == 1 -> tidy(); turn_round()
                :: else -> skip
                fi;
                phase++
            }
        :: else -> break
        od;
        /* What has gone may leave room for a receipt that waited until then. */
        phase = 0;
        do
        :: phase < 2 ->
            d_step {
                hurry = false;
                if
                :: S.up && !S.flight && TO_COMMIT -> begin_commit()
                :: else -> skip
                fi;
                turn_round();
                phase++
            }
        :: else -> break
        od;
        d_step {
            say();
            owed = calm && !(DONE)
        }
    }
    od
}

#ifdef SEARCH
/* Once nothing fails any more and one path stays up, everything owed arrives, and the records are the same. */
ltl owed_arrives { [] (calm -> <> !owed) }
#endif

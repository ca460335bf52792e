/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The station: one process, one loop. It holds the keys, puts lines, store and relay
 * together and answers on the control socket. Each file beside this header is one part:
 *
 *     main.c       starts and ends
 *     lines.c      a line and its store: commits, what waits for them, what they bring
 *     carrier.c    the link to the relay
 *     control.c    the control socket: connections, requests, answers
 *     methods.c    what can be asked
 *     send.c       what a client may say
 *     act.c        what a client may do about a message
 *     calls.c      requests that wait for something to become durable, delivered, taken
 *     crossing.c   two requests at one moment, of which the record takes one
 *     ending.c     how a line is closed, revoked, succeeded
 *     form.c       forms: their numbers, sending, reading
 *     agree.c      what both sides agreed: channels, exercises, instructions
 *     terms.c      what both sides agreed as data: times, handling, a rate
 *     rate.c       how many messages a minute each side sends
 *     off_record.c messages that are kept nowhere
 *     desk.c       who is at a desk, and the watch check
 *     linetest.c   tests of the line by people
 *     roles.c      roles of both sides, officers, whose clearance a message needs
 *     drafts.c     words that wait for clearance
 *     events.c     what those who follow a line are told of these two
 *     view.c       messages, acts and the record as JSON
 *     status.c     the station and its lines as JSON
 *     book.c       the own book: what this side keeps to itself
 *     search.c     the index of the words on record, and who searches
 *     watch.c      what people owe each other, and when
 *     condition.c  what a line tells of itself
 *     alarms.c     what officers must do something about
 *     stats.c      a month's numbers, signed
 *     paths.c      how long each path was up, measured
 */
#ifndef OL_STATION_STATION_H
#define OL_STATION_STATION_H

#include <jansson.h>
#include <uv.h>

#include "desk/agree.h"
#include "desk/book.h"
#include "desk/clear.h"
#include "desk/alarm.h"
#include "desk/dialogue.h"
#include "desk/kind.h"
#include "desk/linetest.h"
#include "desk/off_record.h"
#include "desk/presence.h"
#include "desk/roster.h"
#include "desk/stats.h"
#include "desk/watch.h"
#include "form/forms.h"
#include "line/line.h"
#include "path/conf.h"
#include "path/link.h"
#include "sandbox/keeper.h"
#include "station/condition.h"
#include "station/conf.h"
#include "station/home.h"
#include "store/search.h"
#include "store/store.h"

struct station;
struct call;
struct call_item;
struct client;
struct search;

/* ---- lines.c ---- */

#define CONNS 8u    /* on one path at one time: the proven one, one taking its place, and some to spare */
#define RECENT 512u /* own rows kept in memory, since what was just committed is what is sent */

#define TOLD 16u    /* receipts kept in memory: what one has verified is delivered, and the commit with its row may be under way */

/* A message to be looked at again, at UTC seconds. */
struct watched {
    uint32_t at;
    uint32_t seq;
    uint8_t author;
};

struct told {
    uint32_t from; /* numbers of ours that it names */
    uint32_t to;
    uint32_t time; /* when it was signed */
};

/* A text that waits in the outbox, as it lies on disk. */
struct boxed {
    uint64_t token;
    uint8_t kind;
    uint8_t flags;
    struct ol_blob body;
};

/* A number that a side gave to a form. */
struct form_given {
    uint32_t seq; /* of the entry that says so */
    uint8_t number;
    struct ol_hash hash;
    char code[OL_FORM_CODE_MAX + 1];
};
#define FORMS_GIVEN 512u /* of one side: twice as many as there are numbers, none of which it should give twice */

/* What this side uses a number for. */
struct form_slot {
    struct ol_hash hash;
    bool used;
    bool durable; /* an entry on record says so */
    bool twice;   /* for two forms, as can be after a backup was restored: it is not used any more */
};

/* What is measured of a path, a second at a time; without a carrier nothing yet. */
struct measure {
    struct ol_path_time time;
    uint64_t rtt_sum; /* one for each second that it was up */
};

#define OL_LINETESTS 256u /* of a side: ten days of hourly ones */
/* Numbers of messages beyond the rate; what does not count may lie between. */
struct rate_run {
    uint32_t from;
    uint32_t to;
};

/* Of one side. */
struct rate {
    struct ol_rate count;    /* on record */
    struct ol_rate asked;    /* by clients here, on record or not */
    struct ol_rate arrived;  /* by our clock */
    uint32_t next;           /* from which messages are not counted yet */
    struct rate_run *beyond; /* ascending */
    size_t beyond_n;
    bool goes_on;            /* the last run may grow */
    bool is_beyond;          /* one was found since the last look */
    ol_ms beyond_at;         /* 0: it is shown no more */
};

struct line {
    struct station *station;
    struct ol_line_info info;
    struct ol_card own_card;
    struct ol_card peer_card;
    struct ol_line *core;
    uv_timer_t timer;
    uint64_t next_token;
    struct boxed *outbox;
    size_t outbox_n;
    size_t outbox_cap;
    struct ol_row recent[RECENT]; /* by number modulo RECENT; bodies are ours */
    struct told told[TOLD];       /* as a ring */
    unsigned told_n;
    struct watched *watched;      /* a heap, by `at` */
    size_t watched_n;
    size_t watched_cap;
    struct ol_watch watch;
    struct call *calls;           /* that wait for something on this line, oldest first */
    int path_id[OL_PATHS];        /* the relay's number of each path, -1 none */
    uint16_t open_conn[OL_PATHS][CONNS]; /* connections on which frames with conn 0 go out; 0 none */
    char path_spec[OL_PATHS][OL_SPEC_MAX];
    ol_ms loaded_ms;
    uint32_t close_seq[2]; /* the close of A, of B; 0 none */
    uint32_t head[2];      /* of A, of B: up to here all entries are in the store, and what keeps account of them was told.
                              The core's own head is that of a batch which may still be on its way there. */
    bool closing;          /* ours is written, durable or not: nothing but receipts follows */
    bool stopped;          /* closed by both, and both know */
    struct form_given *given[2]; /* by A, by B; ascending by seq */
    size_t given_n[2];
    struct form_slot own_form[256];
    struct {
        struct ol_row *row[2]; /* proposals and responses of A, of B; ascending by seq, bodies are ours */
        size_t n[2];
        size_t at[2];          /* how far they were folded */
        bool folded;           /* all of them */
        struct urgent {
            uint32_t seq;
            uint32_t time;
            uint8_t author;
        } *urgent;             /* FLASH and IMMEDIATE, not of an exercise */
        size_t urgents;
        struct ol_agree fold;
    } agree;
    struct rate rate[2];
    struct ol_desk desk[2]; /* what A, B said of theirs */
    struct ol_roster roster[2]; /* what A, B said of its roles */
    ol_ms desk_seen;        /* when our officer last said that he is there */
    struct ol_off_record_seen off_record_seen;
    struct {
        json_t *desk;    /* as those who follow were told; NULL: nobody does */
        json_t *agreed;  /* by level or id */
        json_t *tests;
        ol_ms desk_seen;
    } told_last;
    bool desk_told;         /* that nobody is, is written and not durable yet */
    struct {
        struct ol_linetest_mark mark[2][OL_LINETESTS];
        struct ol_linetests log;
        struct ol_tests now; /* as it was looked at last */
        uint32_t looked;     /* when, UTC */
        bool known;          /* no entry has changed it since */
    } tests;
    struct measure measure[OL_PATHS];
    bool succeeds;         /* since the start the entry that names the old line was written */
    struct {
        struct ol_search_mark mark[2]; /* how far the index of words has come, of A, of B */
        bool known;                    /* the marks were held against the record */
        bool behind;                   /* there may be more */
    } index;
};

enum ol_err lines_load(struct station *s, struct ol_fault *f);
void lines_close(struct station *s);
struct line *line_by_name(struct station *s, const char *name);
/* 'A' or 'B': which of the two this station is. */
uint8_t line_side(const struct line *l);
/* Performs all that the line wants done now. */
void line_drain(struct line *l);
void lines_drain(struct station *s);
/* Gives a frame that the line made to the relay. */
void line_send(struct line *l, const struct ol_out *out);
/* The size of the outbox's body borrowed; NULL when it is not there. */
struct ol_now station_now(const struct station *s);

/* ---- carrier.c ---- */

/* For the keeper: a connection to the relay's socket, as the station can make none itself. */
int carrier_reach(char what);
void carrier_start(struct station *s);
void carrier_stop(struct station *s);
void carrier_send(struct station *s, const struct ol_link_msg *m);
/* The line has opened a frame of this connection. */
void carrier_proven(struct line *l, uint8_t path, uint16_t conn);
void carrier_flush(struct station *s);
void carrier_reload(struct station *s);
/* Reads relay.conf and gives each line its paths. */
void carrier_assign(struct station *s);

/* ---- control.c ---- */

/* Makes the socket, which nobody can reach before control_start. */
enum ol_err control_bind(struct station *s, struct ol_fault *f);
enum ol_err control_start(struct station *s, struct ol_fault *f);
void control_stop(struct station *s);
/* Answers; steals the value. A client that is gone gets nothing. id is borrowed. */
void client_result(struct client *c, const json_t *id, json_t *result);
void client_fault(struct client *c, const json_t *id, const struct ol_fault *f);
/* A refusal as it stands in an answer. */
json_t *fault_json(const struct ol_fault *f);
void client_notify(struct client *c, const char *method, json_t *params);
void client_follow(struct client *c, struct line *l);
/* Tells those who follow this line. */
void control_event(struct station *s, const struct line *l, json_t *params);
bool control_followed(const struct station *s, const struct line *l);
void client_follow_alarms(struct client *c);
/* Tells those who follow alarms. */
void control_alarm(struct station *s, json_t *params);

/* ---- methods.c ---- */

struct request {
    struct station *station;
    struct client *client;
    const json_t *id;
    const json_t *params;
    const struct ol_officer *officer; /* who asks; NULL: the operator */
};

/* Answers with a refusal (the parameter may be NULL), or with a result, which it steals. */
void request_fail(const struct request *r, enum ol_exit code, const char *key, const char *name, const char *value);
void request_done(const struct request *r, json_t *result);
/* A text among the parameters, or NULL. */
const char *text_param(const struct request *r, const char *name);
/* The line that the request names, or NULL and an answer. */
struct line *line_param(const struct request *r);
/* The message of the line that the request is about, or false and an answer. */
bool message_param(const struct request *r, struct line *l, struct ol_row *row);
/* A text as it is kept, in NFC and in memory of its own (free it). False with the fault: empty, longer, not UTF-8. */
bool read_text(const json_t *value, size_t max, uint8_t **out, size_t *len, struct ol_fault *f);
/* A string in NFC, in memory of its own (free it); NULL when it is none. */
uint8_t *text_nfc(const json_t *value, size_t *len);
/* Whether a field that may be left out has its type, or is null. */
bool is_or_null(const json_t *object, const char *name, json_type type);
/* Runs a request: answers it, or keeps a call that will. */
void method_run(struct station *s, struct client *c, const json_t *id, const char *method, const json_t *params);

/* ---- act.c ---- */

void act_do(const struct request *r);

/* ---- calls.c ---- */

enum wait_for {
    WAIT_DURABLE,
    WAIT_DELIVERED,
    WAIT_TAKEN,
    WAIT_CONFIRMED,
};

struct call_item {
    uint64_t token;
    uint8_t kind;
    uint8_t flags;
    struct ol_blob body;
    bool durable;
    bool has_subject;
    struct ol_hash subject; /* crossing.c */
    uint32_t seq;          /* 0: in the outbox, or not durable yet */
    uint32_t delivered_at; /* 0: not yet */
    enum ol_message_state state; /* by the acts since; else how far it was carried */
    bool reached;          /* what is waited for */
    bool over;             /* it can no longer come true */
};

struct call {
    struct call *next;
    struct line *line;
    struct client *client;
    json_t *id;
    enum wait_for wait;
    uv_timer_t timer;
    bool timed;
    bool late;             /* time is up, something is not durable yet */
    bool closing;
    uint32_t draft;        /* whose release it is; 0: none */
    bool is_act;           /* answered as an act about a message */
    struct ol_misread misread; /* of a form that is read back */
    bool is_entry;         /* answered as an entry about the line */
    uint8_t about_author;
    uint32_t about;
    size_t written;        /* items handed to the line */
    size_t reached;
    size_t n;
    struct call_item item[];
};

/* A call with room for n items, on the line's list. */
struct call *call_new(struct line *l, struct client *c, const json_t *id, size_t n);
/* Keeps a copy of the body; false without memory, or when it did not fit. */
bool item_keep(struct call_item *item, const struct ol_wr *body);
/* Hands the items to the line, as many as it takes now; answers at once when it refuses, or they cross an earlier call. */
void call_write(struct call *call);
/* A call for one entry about the line itself, or NULL and an answer. */
struct call *entry_call(const struct request *r, struct line *l, uint8_t kind, const struct ol_wr *body);
/* Answers with this fault, whose parameter is the line. */
void call_refuse(struct call *call, const char *key);
void call_start_timer(struct call *call, uint64_t ms);
/* What the line told. */
/* Nobody is answered any more. */
void calls_end(struct line *l);
void calls_committed(struct line *l, const struct ol_batch *batch);
void calls_retry(struct line *l);
void calls_named(struct line *l, uint32_t from, uint32_t to, uint32_t time);
void calls_changed(struct line *l, uint8_t author, uint32_t seq);
void calls_no_room(struct line *l);
void calls_drop_client(struct station *s, const struct client *c);

/* ---- send.c ---- */

/* Who says something. */
struct sayer {
    const struct ol_officer *officer; /* NULL: the operator */
    const char *cleared; /* NULL: words that nobody cleared; else the role that releases them, empty: the operator */
};
/* One message of a send: a text, or a form after the entry that gives it its number. False with the fault; items are
 * bodies up to n in any case. */
bool send_read(struct line *l, const json_t *m, const struct sayer *by, struct call_item item[static 2], size_t *n,
               struct ol_fault *f);
void send_texts(const struct request *r);

/* ---- crossing.c ---- */

/* Before anything of the call is written: whether an earlier one that is not on record yet, or the call itself, has a word
 * about the same. */
bool crossing_refuses(struct call *call);

/* ---- ending.c ---- */

/* An entry of this line is durable. */
void ending_note(struct line *l, const struct ol_header *h);
/* Whether both sides have closed it. */
bool ending_is_closed(const struct line *l);
/* Whether nothing comes in or goes out any more. */
bool ending_is_over(const struct line *l);
/* Whether this side writes nothing more, with the fault. */
bool ending_refuses(const struct line *l, struct ol_fault *f);
/* Whether entries of this kind wait until the one is signed that names the old line. */
bool ending_holds_back(const struct line *l, uint8_t kind);
/* Stops a line that both sides have closed, once both know. */
void ending_consider(struct line *l);
/* After lines were read: successors name their old line, and have the paths of one that is over. */
void ending_adopt(struct station *s);

/* ---- form.c ---- */

/* An entry of this line is durable; something lies in its outbox. */
void form_note(struct line *l, const struct ol_row *row);
void form_note_boxed(struct line *l, uint8_t kind, struct ol_span body);
void form_forget(struct line *l);
/* The entries that send a form with these fields, {"1": "...", ...}: the one that gives it its number, when that is not
 * on record, and itself. False with the fault; items are bodies up to n in any case, which begins as 0. */
bool form_items(struct line *l, const struct ol_form *form, const json_t *fields, const struct ol_message *meant,
                struct call_item item[static 2], size_t *n, struct ol_fault *f);
/* Reads the forms of the home again. When a file is none, those that were known stay as they were, and each such file is
 * put on the list. */
void form_reload(struct station *s, json_t *refused);
/* What a form says in this language, into the message's object: text, form, title, fields, lang. */
void form_show(const struct line *l, const struct ol_row *row, const char *lang, json_t *message);
/* The same as one text in the station's language. Null for any other kind. */
json_t *form_words(const struct line *l, const struct ol_row *row);
/* The array of values with which a form is read back, {"1": "...", ...}, and where they are not the form's. False with
 * the fault. */
bool form_readback(const struct line *l, const struct ol_row *row, const json_t *fields, struct ol_wr *w,
                   struct ol_misread *misread, struct ol_fault *f);
/* The words by which a form is found: all that is read of it in the station's language, and its values as they are typed.
 * Its code, NULL when nothing says it, or it is no form. */
const char *form_each_words(const struct line *l, const struct ol_row *row, void (*each)(void *ctx, struct ol_span words),
                            void *ctx);
/* What a form was read back with, as one text in this language; and where it was misread. */
json_t *form_back(const struct line *l, const struct ol_row *row, struct ol_span values, const char *lang,
                  struct ol_misread *misread);
/* {"differs": [1], "left_out": [], "added": []}; null when nothing was. */
json_t *form_misread(const struct ol_misread *misread);
/* Within how many seconds the form says that it is to be answered; 0: it says nothing, or this station does not have
 * it. */
uint32_t form_answer_s(const struct line *l, const struct ol_row *row);

/* ---- agree.c ---- */

/* An entry of this line is durable. False without memory. */
bool agree_note(struct line *l, const struct ol_row *row);
void agree_forget(struct line *l);
/* Whether a message so meant may go out now: its level is not suspended, or it is FLASH; an instruction only where both
 * sides agreed to them. False with the fault. */
bool agree_allows(struct line *l, uint8_t flags, const struct ol_message *meant, struct ol_fault *f);
/* `unannounced` and `real` into the message's object. */
void agree_show(struct line *l, const struct ol_row *row, json_t *message);
/* What stands of this topic, as an array. */
json_t *agree_json(struct line *l, int topic);
/* What can be asked. */
void agree_propose(const struct request *r);
void agree_respond(const struct request *r);
void agree_list(const struct request *r);
/* What stands now; borrowed until the next entry. */
const struct ol_agree *agreed(struct line *l);

/* ---- terms.c ---- */

/* In what time something must be done about a message, by what was in force when it was signed. */
void terms_of(struct line *l, const struct ol_row *row, struct ol_owed_times *out);
/* The first moment at which anything can be due, as far as the header says. */
uint32_t terms_first_s(struct line *l, const struct ol_header *h);
/* The role that the sides agreed for this step of a message that nobody takes, else the step's name: out. */
const char *terms_role(struct line *l, const struct ol_header *h, uint8_t step, char out[static OL_WORD_ROLE + 1]);
/* `due`, `onward_due` and what its handling forbids into the message's object. */
void terms_show(struct line *l, const struct ol_row *row, const struct ol_dialogue *d, uint32_t delivered_at,
                json_t *message);
/* Whether a message so meant keeps to what was agreed: once the sides have agreed on words of handling, it has one of them.
 * False with the fault. */
bool terms_allow(struct line *l, const struct ol_message *meant, struct ol_fault *f);
/* How the message may be handled that an entry is, or is about; null: nothing is said. */
json_t *terms_handling(struct line *l, const struct ol_row *row);
/* What a proposal holds, `here` and `there` as this side counts; null for one without data. */
json_t *terms_json(const struct line *l, const struct ol_accord *x);
bool terms_in_force(struct line *l, const struct ol_accord *x);
/* What holds on every line of which nothing of this topic is agreed. */
json_t *terms_given(struct line *l, int topic);
/* The data of a proposal, from `terms` of the request. False with the fault. */
bool terms_read(const struct request *r, struct line *l, int topic, struct ol_wr *w, struct ol_fault *f);

/* ---- rate.c ---- */

/* Counts what has come on record, and shows a flood. After commits, and once a second. */
void rate_look(struct line *l);
/* Other terms may hold: all is counted again. */
void rate_changed(struct line *l);
/* An entry of this line is durable, and not counted yet. */
void rate_note(struct line *l, const struct ol_header *h);
/* A message has become durable. */
void rate_arrived(struct line *l, const struct ol_header *h);
/* Whether a message on record is beyond the rate that was agreed. */
bool rate_is_beyond(const struct line *l, const struct ol_header *h, const struct ol_message *m);
/* Whether these may be sent now. False with the fault. */
bool rate_allows(struct line *l, const struct call_item *items, size_t n, struct ol_fault *f);
void rate_forget(struct line *l);

/* ---- desk.c ---- */

/* What our echoes say from now on: of our desk what our entries do, and whether the line takes messages off the record. */
void desk_tell(struct line *l);
/* An entry of this line is durable. */
void desk_note(struct line *l, const struct ol_row *row);
/* The watch check; once a second. */
void desk_look(struct line *l);
/* What our side, or the other, said of its desk. */
const struct ol_desk *desk_of(const struct line *l, bool own);
struct ol_watch_check desk_check(const struct line *l);
/* Both desks, into a line's status. */
void desk_show(const struct line *l, json_t *status);
/* What can be asked. */
void desk_say(const struct request *r);
void desk_announce(const struct request *r);

/* ---- linetest.c ---- */

/* An entry of this line is durable. */
void linetest_note(struct line *l, const struct ol_row *row);
/* Once a second. */
void linetest_look(struct line *l);
/* How the tests stand, as they were looked at last. */
enum ol_tests_state linetest_state(const struct line *l);
/* `tests` into a line's status. */
void linetest_show(struct line *l, json_t *status);
/* What can be asked. */
void linetest_send(const struct request *r);
void linetest_answer(const struct request *r);
void linetest_list(const struct request *r);

/* ---- off_record.c ---- */

/* An item off the record has come. */
void off_record_came(struct line *l, struct ol_span item);
/* Whether either side takes such messages, into a line's status. */
void off_record_status(const struct line *l, const struct ol_line_status *st, json_t *status);
/* What can be asked. */
void off_record_say(const struct request *r);

/* ---- roles.c ---- */

#define OL_OPERATOR "operator" /* who can open the control socket */

/* Before a leaf of this kind is folded: room for what it may say. Rules move when one is written, drafts when words are,
 * and neither by any other leaf. False without memory. */
bool office_room(struct station *s, uint8_t kind);
void office_forget(struct station *s);
/* Who asks, and whether he may ask this. False with the fault. */
bool roles_admit(struct request *r, const char *method, struct ol_fault *f);
/* The role in which he acts where none is asked for. */
const char *roles_own(const struct ol_officer *officer);
/* "desk, legal, release" */
void roles_join(const struct ol_roles *roles, char *out, size_t cap);
/* Whether the other side has the role that it is for, and it needs nobody's clearance, or has it; says by which role it
 * is released. False with the fault. */
bool roles_allow(const struct line *l, const struct sayer *by, uint8_t flags, struct ol_message *meant,
                 struct ol_fault *f);
/* Whether he may do this about a message; says in which role. False with the fault. */
bool roles_allow_act(const struct line *l, const struct ol_officer *officer, const struct ol_row *message,
                     struct ol_act *act, struct ol_fault *f);
/* An entry of this line is durable. */
void roster_note(struct line *l, const struct ol_row *row);
/* Writes a leaf with such a text. False with the fault: nothing was written. */
bool paper_write(struct station *s, const struct line *l, struct ol_leaf *leaf, const struct ol_paper *paper,
                 struct ol_fault *f);
/* What can be asked. */
void roster_say(const struct request *r);
void roster_list(const struct request *r);
void officer_set(const struct request *r);
void officer_list(const struct request *r);
void rule_set(const struct request *r);
void rule_list(const struct request *r);

/* ---- drafts.c ---- */

/* The message of this draft was handed to the line. */
void draft_handed(struct station *s, uint32_t number);
/* What can be asked. */
void draft_write(const struct request *r);
void draft_list(const struct request *r);
void draft_show(const struct request *r);
void draft_clear(const struct request *r);
void draft_release(const struct request *r);

/* ---- events.c ---- */

/* Whether an entry of this kind may change what is told. */
bool events_are_about(uint8_t kind);
/* Tells those who follow the line what is not as it was told last. The first look after somebody began tells nothing. */
void events_look(struct line *l);
void events_forget(struct line *l);

/* ---- view.c ---- */

json_t *view_time(uint32_t utc);
json_t *view_id(uint8_t author, uint32_t seq);
/* Where a message on record stands. */
void view_dialogue(struct line *l, uint8_t author, uint32_t seq, struct ol_dialogue *out);
enum ol_message_state view_state(struct line *l, uint8_t author, uint32_t seq);
/* When the other side's receipt of this entry was signed; 0 not yet. */
uint32_t view_delivered_at(struct line *l, uint8_t author, uint32_t seq);
/* Until when somebody must have done something about it: ol_owed_due, in the time for its precedence. */
uint32_t view_due(const struct ol_row *row, const struct ol_dialogue *d, uint32_t delivered_at);
/* Forms speak this language. */
json_t *view_message(struct line *l, const struct ol_row *row, const char *lang);
json_t *view_show(struct line *l, const struct ol_row *row, const char *lang);
/* A message off the record (its body), as view_message: without an id, marked, and of this moment. */
json_t *view_off_record(struct line *l, uint8_t author, struct ol_span body);
struct view_which {
    bool open;         /* only those */
    uint32_t since;    /* not 0: only those, and what was sent or ended since, or was replaced by what nobody has taken */
    const char *after; /* a cursor; NULL for the beginning */
    size_t limit;
    const char *lang;
};
/* NULL with the fault. */
json_t *view_list(struct line *l, const struct view_which *which, struct ol_fault *f);
/* As view_list, of those in which all of a query is found. MALFORMED, IO: the index fails, there is no fault. */
OL_MUST_USE enum ol_err view_found(struct line *l, struct ol_search *index, const struct ol_query *q,
                                   const struct view_which *which, json_t **out, struct ol_fault *f);
json_t *view_log(struct line *l, const char *after, size_t limit, struct ol_fault *f);
const char *view_precedence(uint8_t flags);

/* ---- status.c ---- */

json_t *view_status(struct station *s);

/* ---- book.c ---- */

/* Reads it from its first leaf on and sees whether it holds. One that does not is refused to whoever asks for it, and
 * stops no line. */
enum ol_err book_load(struct station *s, struct ol_fault *f);
/* Writes a leaf; durable on return. The caller fills in kind, text and, as needed, author and seq, role and lang; the
 * line may be NULL. False with the fault: nothing was written. */
bool book_write(struct station *s, const struct line *l, struct ol_leaf *leaf, struct ol_fault *f);
/* Gives leaves in order of their numbers, from one on: all, those of a line, or those about an entry of it (author not
 * 0); one that is not what was written is left out. A false from the callback ends it. False with the fault. */
struct book_query {
    const struct line *line; /* NULL: all */
    uint8_t author;
    uint32_t seq;
    uint32_t from;
};
bool book_each(struct station *s, const struct book_query *which, bool (*each)(void *ctx, const struct ol_leaf *leaf),
               void *ctx, struct ol_fault *f);
/* What can be asked. */
void book_note(const struct request *r);
void book_notes(const struct request *r);
void book_accept(const struct request *r);

/* ---- search.c ---- */

/* LIMIT: memory. */
OL_MUST_USE enum ol_err search_start(struct station *s);
/* Before the store is closed. */
void search_stop(struct station *s);
/* The forms may be others. */
void search_anew(struct station *s);
/* An entry of this line is durable. */
void search_note(struct line *l, const struct ol_header *h);
/* Answers a search, forms in this language, at once or when the index has come as far as the record has now. */
void search_ask(struct station *s, struct client *c, const json_t *id, struct line *l, const json_t *params,
                const char *lang);
void search_drop_client(struct station *s, const struct client *c);

/* ---- watch.c ---- */

/* A message has become durable; something was done about one; one was loaded at the start. */
void watch_message(struct line *l, const struct ol_header *h);
void watch_changed(struct line *l, uint8_t author, uint32_t seq);
void watch_loaded(struct line *l, const struct ol_row *row);
/* Other times were agreed: everything is looked at again. */
void watch_retime(struct line *l);
/* Looks at what has fallen due. */
void watch_tick(struct line *l);

/* ---- stats.c ---- */

/* What can be asked. */
void stats_sign(const struct request *r);

/* ---- paths.c ---- */

/* Once a second. */
void paths_look(struct line *l);
/* At an orderly end. */
void paths_keep(struct station *s);
/* What was measured in a month until now. False with the fault. */
bool paths_month(struct line *l, const struct ol_month *month, struct ol_path_times *out, struct ol_fault *f);

/* ---- alarms.c ---- */

/* After the lines were loaded. */
void alarms_start(struct station *s);
void alarms_stop(struct station *s);
/* Looks at what this line tells of itself, now. */
void alarms_look(struct line *l);
/* What is known from elsewhere: line NULL is the station; author and seq an entry of the line, or 0. Raising what stands
 * already, and clearing what does not, changes nothing. */
void alarm_raise(struct station *s, const struct line *l, enum ol_alarm_kind kind, uint8_t author, uint32_t seq);
void alarm_clear(struct station *s, const struct line *l, enum ol_alarm_kind kind, uint8_t author, uint32_t seq);
/* The `alarms` of a line's status: what stands at this moment, acknowledged or not. */
json_t *alarms_of_line(const struct ol_line_status *st);
json_t *alarms_list(const struct station *s);
/* One alarm, or (id NULL) all. Those that were acted on, as they are then; NULL with the fault. */
json_t *alarms_ack(struct station *s, const char *id, struct ol_fault *f);
json_t *alarms_silence(struct station *s, const char *id, struct ol_fault *f);

/* ---- the station ---- */

struct station {
    uv_loop_t loop;
    struct ol_home home;
    struct ol_keeper keeper;
    struct ol_keyring keys;
    struct ol_card card;
    struct ol_station_conf conf;
    struct ol_forms forms;
    struct ol_store *store;
    struct ol_book book;
    struct ol_office office;
    uv_poll_t store_poll;
    uv_timer_t look;       /* at the next pages of the record */
    struct line **line;
    size_t lines_n;
    struct ol_alarms alarms;
    uv_timer_t alarm_timer;
    struct carrier *carrier;
    struct control *control;
    struct search *search;
    uv_signal_t sigterm;
    uv_signal_t sigint;
    int exit_code;
    bool stopping;
};

/* One line on stderr with the time in UTC; never a text, never a key. */
__attribute__((format(printf, 1, 2))) void station_log(const char *format, ...);
/* Ends the loop. */
void station_stop(struct station *s, int code);

#endif

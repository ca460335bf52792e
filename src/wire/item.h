/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame holds besides entries. Each item opens with its kind, 0 to 31.
 *
 *     sync   1 | n 1 | own head 4 | head of the other's stream 4 | 8 bytes of its hash
 *              | n times (from 4 | to 4)
 *              n: low six bits the ranges held durable above that head, ascending, the highest always
 *              among them; bit 7 STARTING: the sender may not sign yet and asks for an ANSWER; bit 6
 *              ANSWER: made after the sender closed every older session and all it took is durable
 *     aside  2 | n 1 | n times (from 4 | to 4)          ranges held in memory, follows a sync
 *     echo   3 | bits 1 | highest counter received on the path 4 | delay ms 2 | time 4
 *              bits: low four the path; 30 the sender's desk, 0 unknown, 1 attended, 2 unattended; bit 6
 *              it takes messages off the record; bit 7 asks for an echo in return. Counter 0 with delay
 *              ffff: none received yet
 *     want   4 | stream 1 | from 4 | to 4               these entries, each with both hashes and a seal
 *     none   5 | stream 1 | from 4 | to 4               answers a want: of this range I have nothing more
 *     back   6                                          the entries after it are the receiver's own,
 *              each with both hashes
 *     part   7 | author 1 | seq 4 | total 2 | offset 2 | bytes to the end of the frame
 *              a piece of one entry in full form (prev, xhash, seal; no length), too long for a frame;
 *              total at most 61,584 (OL_ENTRY_MAX)
 *     off    8 | bytes to the end of the frame
 *              a message off the record, as the desk has it (desk/off_record.h)
 *
 * An entry (kind 32 to 255) may stand wherever an item may. An unknown item ends the reading of the
 * frame.
 */
#ifndef OL_WIRE_ITEM_H
#define OL_WIRE_ITEM_H

#include "base/ranges.h"
#include "wire/entry.h"

enum ol_item_kind {
    OL_ITEM_SYNC = 1,
    OL_ITEM_ASIDE = 2,
    OL_ITEM_ECHO = 3,
    OL_ITEM_WANT = 4,
    OL_ITEM_NONE = 5,
    OL_ITEM_BACK = 6,
    OL_ITEM_PART = 7,
    OL_ITEM_OFF_RECORD = 8,
    OL_ITEM_ENTRY = 32, /* any kind from 32; entry.kind says which */
};

struct ol_sync {
    bool starting;
    bool answer;
    uint32_t own_head;
    uint32_t your_head; /* as read: the receiver's stream as the sender holds it */
    uint8_t your_hash[8];
    struct ol_ranges held; /* durable above your_head */
};

struct ol_echo {
    uint8_t path;
    uint8_t desk; /* the sender's: 0 unknown, 1 attended, 2 unattended */
    bool off_record; /* the sender takes messages off the record */
    bool ask;
    bool heard; /* false: nothing received on this path under this session yet */
    uint32_t counter;
    uint16_t delay_ms; /* between receiving that frame and making this echo; fffe is "or more" */
    uint32_t time;
};

struct ol_want {
    uint8_t stream; /* 'A' or 'B' */
    struct ol_range range;
};

struct ol_part {
    uint8_t author;
    uint32_t seq;
    uint16_t total;
    uint16_t offset;
    struct ol_span bytes; /* borrowed; at least one */
};

struct ol_item {
    enum ol_item_kind kind;
    union {
        struct ol_sync sync;
        struct ol_ranges aside;
        struct ol_echo echo;
        struct ol_want want; /* and none */
        struct ol_part part;
        struct ol_span off_record; /* borrowed; at least one byte */
        struct ol_entry entry;
    };
};

#define OL_SYNC_SIZE 18u
#define OL_RANGE_SIZE 8u
#define OL_ECHO_SIZE 12u
#define OL_WANT_SIZE 10u
#define OL_PART_SIZE 10u

/* Sets w->full when it does not fit. */
void ol_item_write(const struct ol_item *item, struct ol_wr *w);
/* Reads the next item. ABSENT when the reader is at its end, MALFORMED when it does not parse; then
 * nothing after it can be read either. */
OL_MUST_USE enum ol_err ol_item_read(struct ol_rd *r, struct ol_item *item);

#endif

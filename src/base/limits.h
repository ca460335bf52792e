/* SPDX-License-Identifier: Apache-2.0 */
/* Every limit of the line, with its reason (design: rules for the specification). */
#ifndef OL_BASE_LIMITS_H
#define OL_BASE_LIMITS_H

#define OL_TEXT_MAX (32u * 1024)      /* a text, bytes of UTF-8 */
#define OL_BODY_MAX (60u * 1024)      /* an entry's body: its length field is 16 bits, with the rest of an entry */
#define OL_RUN_ENTRIES 256u           /* entries under one seal */
#define OL_RUN_BYTES (32u * 1024)     /* bytes of bodies under one seal; a longer body is a run of one */
#define OL_RING 4096u                 /* hashes of a stream kept in memory, by position */
#define OL_EARLY_MAX 1024u            /* entries kept durable above a gap */
#define OL_EARLY_RESERVED 128u        /* the last places are for FLASH and IMMEDIATE */
#define OL_ASIDE_BYTES (64u * 1024)   /* entries held in memory that no seal covers yet */
#define OL_ASIDE_ENTRIES 512u         /* two runs */
#define OL_RANGES 32u                 /* ranges reported in one sync */
#define OL_RESUMES 64u                /* resumes of one stream; then a new line */
#define OL_PATHS 16u
#define OL_SESSIONS 16u
#define OL_FRAME_MAX 4096u            /* a frame with its 20 bytes, on any carrier */
#define OL_FRAME_MIN 192u             /* a carrier must take a frame with one receipt, a sync and an echo in it */
#define OL_FRAME_UDP 1200u            /* a datagram that crosses any path of today unfragmented */
#define OL_WINDOW 8192u               /* replay window, counters */
#define OL_AHEAD (1u << 14)           /* frames a sender may be ahead of what the peer confirmed */
#define OL_ANSWERED 4096u             /* answered handshake keys remembered on disk */
#define OL_PARTY_MAX 64u              /* bytes of a party's or a station's name */
#define OL_LANG_MAX 35u               /* bytes of a language tag (RFC 5646, 4.4.1) */
#define OL_LANGS_MAX 8u               /* languages on a card */
#define OL_SEQ_MAX 0xfffffffeu          /* so that one more never wraps */
#define OL_CARD_MAX 640u              /* bytes of a card */
#define OL_LEAF_MAX (OL_TEXT_MAX + 512u) /* a leaf of the own book: a text and what stands beside it, under 300 bytes */
#define OL_FORM_FIELDS 40u            /* of a form: more than people read back; below 64, one bit each */
#define OL_FORM_CHOICES 128u          /* of a field: a code book's signals */
#define OL_FORM_CODE_MAX 12u          /* bytes of a form's code */
#define OL_FORM_LINE_MAX 1000u        /* bytes of a field's text: one line */
#define OL_FORM_CORNERS 32u           /* of an area */
#define OL_BATCH_ROWS 1024u           /* entries in one commit */
#define OL_BATCH_BYTES (192u * 1024)  /* bytes of bodies in one commit: three of the longest */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "wire/item.h"

static uint8_t buf[600];

static struct ol_item some_sync(uint32_t ranges)
{
    struct ol_item item = {.kind = OL_ITEM_SYNC,
                           .sync = {.answer = true, .own_head = 0x01020304, .your_head = 0x05060708}};

    memset(item.sync.your_hash, 0xcc, sizeof item.sync.your_hash);
    item.sync.held.n = ranges;
    for (uint32_t i = 0; i < ranges; i++)
        item.sync.held.r[i] = (struct ol_range){.from = 100 + 10 * i, .to = 105 + 10 * i};
    return item;
}

static struct ol_item some_aside(void)
{
    return (struct ol_item){.kind = OL_ITEM_ASIDE, .aside = {.n = 2, .r = {{1, 1}, {2, UINT32_MAX}}}};
}

static struct ol_item some_echo(void)
{
    return (struct ol_item){
        .kind = OL_ITEM_ECHO,
        .echo = {.path = 15, .ask = true, .heard = true, .counter = 0x01020304, .delay_ms = 0x0506,
                 .time = 7},
    };
}

static struct ol_item some_want(enum ol_item_kind kind)
{
    return (struct ol_item){.kind = kind, .want = {.stream = 'B', .range = {.from = 3, .to = 9}}};
}

static struct ol_item some_part(void)
{
    return (struct ol_item){
        .kind = OL_ITEM_PART,
        .part = {.author = 'A', .seq = 8, .total = 1000, .offset = 996, .bytes = ol_span("tail", 4)},
    };
}

static struct ol_item some_off_record(void)
{
    return (struct ol_item){.kind = OL_ITEM_OFF_RECORD, .off_record = ol_span("between us", 10)};
}

static struct ol_item some_entry(void)
{
    struct ol_item item = {.kind = OL_ITEM_ENTRY};

    item.entry = (struct ol_entry){
        .kind = OL_KIND_RECEIPT,
        .flags = OL_WIRE_LENGTH,
        .seq = 5,
        .time = 6,
        .body = ol_span("\x80", 1),
    };
    return item;
}

static size_t put(const struct ol_item *item)
{
    struct ol_wr w = ol_wr_to(buf, sizeof buf);

    ol_item_write(item, &w);
    assert_false(w.full);
    return w.len;
}

static enum ol_err get(size_t len, struct ol_item *item)
{
    struct ol_rd r = ol_rd_from(ol_span(buf, len));
    enum ol_err err = ol_item_read(&r, item);

    return err == OL_OK ? ol_rd_end(&r) : err;
}

static enum ol_err get_hex(const char *hex, struct ol_item *item)
{
    return get(unhex(hex, buf, sizeof buf), item);
}

static void test_items_are_laid_out_as_the_table_says(void **state)
{
    struct ol_item item = some_sync(1);

    (void)state;
    CHECK_HEX("0141" "01020304" "05060708" "cccccccccccccccc" "00000064" "00000069",
              ol_span(buf, put(&item)));
    item.sync.starting = true;
    CHECK_HEX("01c1" "01020304" "05060708" "cccccccccccccccc" "00000064" "00000069",
              ol_span(buf, put(&item)));
    item = some_aside();
    CHECK_HEX("0202" "00000001" "00000001" "00000002" "ffffffff", ol_span(buf, put(&item)));
    item = some_echo();
    CHECK_HEX("038f" "01020304" "0506" "00000007", ol_span(buf, put(&item)));
    item = some_want(OL_ITEM_WANT);
    CHECK_HEX("0442" "00000003" "00000009", ol_span(buf, put(&item)));
    item = some_want(OL_ITEM_NONE);
    CHECK_HEX("0542" "00000003" "00000009", ol_span(buf, put(&item)));
    item = (struct ol_item){.kind = OL_ITEM_BACK};
    CHECK_HEX("06", ol_span(buf, put(&item)));
    item = some_part();
    CHECK_HEX("0741" "00000008" "03e8" "03e4" "7461696c", ol_span(buf, put(&item)));
    item = some_off_record();
    CHECK_HEX("08" "6265747765656e207573", ol_span(buf, put(&item)));
    item = some_entry();
    CHECK_HEX("2001" "0001" "00000005" "00000000" "00000006" "80", ol_span(buf, put(&item)));
}

static void test_sizes_are_as_named(void **state)
{
    struct ol_item item;

    (void)state;
    for (uint32_t n = 0; n <= OL_RANGES; n++) {
        item = some_sync(n);
        assert_int_equal(OL_SYNC_SIZE + n * OL_RANGE_SIZE, put(&item));
    }
    item = some_echo();
    assert_int_equal(OL_ECHO_SIZE, put(&item));
    item = some_want(OL_ITEM_NONE);
    assert_int_equal(OL_WANT_SIZE, put(&item));
    item = some_part();
    assert_int_equal(OL_PART_SIZE + 4, put(&item));
}

static size_t all(struct ol_item *items)
{
    size_t n = 0;

    items[n++] = some_sync(0);
    items[n++] = some_sync(3);
    items[n++] = some_sync(OL_RANGES);
    items[n++] = some_aside();
    items[n++] = some_echo();
    items[n++] = some_want(OL_ITEM_WANT);
    items[n++] = some_want(OL_ITEM_NONE);
    items[n++] = (struct ol_item){.kind = OL_ITEM_BACK};
    items[n++] = some_part();
    items[n++] = some_off_record();
    items[n++] = some_entry();
    return n;
}

static void test_what_is_read_is_written_back_the_same(void **state)
{
    struct ol_item items[11], got;
    size_t n = all(items);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        uint8_t first[sizeof buf];
        size_t len = put(&items[i]);

        memcpy(first, buf, len);
        CHECK_ERR(OL_OK, get(len, &got));
        assert_int_equal(items[i].kind, got.kind);
        memcpy(first, buf, len);
        if (got.kind == OL_ITEM_PART)
            got.part.bytes = ol_span("tail", 4); /* not out of the buffer that is written to */
        if (got.kind == OL_ITEM_OFF_RECORD)
            got.off_record = some_off_record().off_record;
        assert_int_equal(len, put(&got));
        assert_memory_equal(first, buf, len);
    }
}

static void test_fields_are_read(void **state)
{
    struct ol_item item = some_sync(2), got;

    (void)state;
    CHECK_ERR(OL_OK, get(put(&item), &got));
    assert_true(got.sync.answer && !got.sync.starting);
    assert_int_equal(0x01020304, got.sync.own_head);
    assert_int_equal(0x05060708, got.sync.your_head);
    assert_int_equal(2, got.sync.held.n);
    assert_int_equal(110, got.sync.held.r[1].from);
    assert_int_equal(115, got.sync.held.r[1].to);
    item = some_echo();
    CHECK_ERR(OL_OK, get(put(&item), &got));
    assert_true(got.echo.ask && got.echo.heard);
    assert_int_equal(15, got.echo.path);
    assert_int_equal(0x01020304, got.echo.counter);
    assert_int_equal(0x0506, got.echo.delay_ms);
    assert_int_equal(7, got.echo.time);
    item = some_part();
    CHECK_ERR(OL_OK, get(put(&item), &got));
    assert_int_equal('A', got.part.author);
    assert_int_equal(996, got.part.offset);
    assert_int_equal(4, got.part.bytes.len);
}

static void test_items_follow_each_other_and_then_none_is_there(void **state)
{
    struct ol_item items[11], got;
    size_t n = all(items);
    struct ol_rd r;

    (void)state;
    for (size_t i = 0; i + 1 < n; i++) {
        struct ol_wr w = ol_wr_to(buf, sizeof buf);

        if (items[i].kind == OL_ITEM_PART || items[i].kind == OL_ITEM_OFF_RECORD)
            continue; /* ends its frame */
        ol_item_write(&items[i], &w);
        ol_item_write(&items[i + 1], &w);
        r = ol_rd_from(ol_wr_span(&w));
        CHECK_ERR(OL_OK, ol_item_read(&r, &got));
        assert_int_equal(items[i].kind, got.kind);
        CHECK_ERR(OL_OK, ol_item_read(&r, &got));
        assert_int_equal(items[i + 1].kind, got.kind);
        CHECK_ERR(OL_ABSENT, ol_item_read(&r, &got));
        assert_int_equal(0, got.kind);
    }
}

static void test_every_prefix_is_malformed_and_nothing_can_be_read_after_it(void **state)
{
    struct ol_item items[11], got;
    size_t n = all(items);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        size_t len = put(&items[i]);
        size_t least = items[i].kind == OL_ITEM_PART ? OL_PART_SIZE + 1 : len; /* a part ends anywhere */

        if (items[i].kind == OL_ITEM_OFF_RECORD)
            least = 2; /* and so does this */

        for (size_t cut = 1; cut < least; cut++) {
            struct ol_rd r = ol_rd_from(ol_span(buf, cut));

            CHECK_ERR(OL_MALFORMED, ol_item_read(&r, &got));
            assert_int_equal(0, got.kind);
            CHECK_ERR(OL_MALFORMED, ol_item_read(&r, &got));
        }
    }
}

static void test_a_flipped_bit_is_refused_or_read_back_as_it_is(void **state)
{
    struct ol_item items[11], got;
    size_t n = all(items);
    uint8_t flipped[sizeof buf];

    (void)state;
    for (size_t i = 0; i < n; i++) {
        size_t len = put(&items[i]);

        for (size_t bit = 0; bit < 8 * len; bit++) {
            struct ol_rd r = ol_rd_from(ol_span(flipped, len));

            put(&items[i]);
            memcpy(flipped, buf, len);
            flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (ol_item_read(&r, &got) == OL_OK) {
                assert_int_equal(len - r.left, put(&got));
                assert_memory_equal(flipped, buf, len - r.left);
            }
        }
    }
}

static void test_unknown_items_end_the_reading(void **state)
{
    struct ol_item got;

    (void)state;
    for (uint8_t kind = 0; kind < OL_ITEM_ENTRY; kind++) {
        memset(buf, 0, sizeof buf);
        buf[0] = kind;
        if (kind < OL_ITEM_SYNC || kind > OL_ITEM_OFF_RECORD)
            CHECK_ERR(OL_MALFORMED, get(200, &got));
    }
}

static void test_more_than_32_ranges_are_malformed(void **state)
{
    struct ol_item item = some_sync(OL_RANGES), got;

    (void)state;
    for (uint8_t n = OL_RANGES + 1; n < 64; n++) {
        put(&item);
        for (uint32_t i = OL_RANGES; i < n; i++) {
            struct ol_wr w = ol_wr_to(buf + OL_SYNC_SIZE + 8 * i, 8);

            ol_wr_u32(&w, 1000 + i);
            ol_wr_u32(&w, 1000 + i);
        }
        buf[1] = n;
        CHECK_ERR(OL_MALFORMED, get(OL_SYNC_SIZE + 8u * n, &got));
    }
    memset(buf, 0, sizeof buf);
    buf[0] = OL_ITEM_ASIDE;
    buf[1] = OL_RANGES + 1;
    for (uint32_t i = 0; i <= OL_RANGES; i++)
        buf[2 + 8 * i + 3] = buf[2 + 8 * i + 7] = (uint8_t)(i + 1);
    CHECK_ERR(OL_MALFORMED, get(2 + 8 * (OL_RANGES + 1), &got));
    buf[1] = OL_RANGES;
    CHECK_ERR(OL_OK, get(2 + 8 * OL_RANGES, &got));
    buf[1] = 0x40 | 1; /* the bits of a sync mean nothing here */
    CHECK_ERR(OL_MALFORMED, get(2 + 8, &got));
}

static void test_ranges_ascend_and_do_not_overlap(void **state)
{
    struct ol_item got;

    (void)state;
    CHECK_ERR(OL_OK, get_hex("0202" "0000000500000007" "0000000800000008", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0202" "0000000500000007" "0000000700000008", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0202" "0000000500000007" "0000000600000006", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0202" "0000000500000007" "0000000100000002", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0202" "0000000500000007" "0000000500000007", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0201" "0000000500000004", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0201" "0000000000000004", &got));
    CHECK_ERR(OL_OK, get_hex("0101" "0000000100000001" "0000000000000000" "0000000400000004", &got));
    CHECK_ERR(OL_MALFORMED,
              get_hex("0101" "0000000100000001" "0000000000000000" "0000000000000004", &got));
    CHECK_ERR(OL_MALFORMED,
              get_hex("0101" "0000000100000001" "0000000000000000" "0000000500000004", &got));
}

static void test_wants_name_a_stream_and_a_range(void **state)
{
    struct ol_item got;

    (void)state;
    CHECK_ERR(OL_OK, get_hex("0441" "0000000100000001", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0443" "0000000100000001", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0400" "0000000100000001", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0441" "0000000000000001", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0541" "0000000200000001", &got));
}

static void test_an_echo_that_heard_nothing_has_counter_0_and_delay_ffff(void **state)
{
    struct ol_item item = some_echo(), got;

    (void)state;
    item.echo.heard = false;
    CHECK_HEX("038f" "00000000" "ffff" "00000007", ol_span(buf, put(&item)));
    CHECK_ERR(OL_OK, get(OL_ECHO_SIZE, &got));
    assert_false(got.echo.heard);
    CHECK_ERR(OL_OK, get_hex("0300" "00000000" "0000" "00000007", &got));
    assert_true(got.echo.heard);
    CHECK_ERR(OL_MALFORMED, get_hex("0300" "00000001" "ffff" "00000007", &got));
}

static void test_a_delay_that_does_not_fit_is_fffe(void **state)
{
    struct ol_item item = some_echo(), got;

    (void)state;
    item.echo.delay_ms = 0xffff;
    CHECK_ERR(OL_OK, get(put(&item), &got));
    assert_true(got.echo.heard);
    assert_int_equal(0xfffe, got.echo.delay_ms);
}

static void test_the_bits_of_an_echo_say_path_desk_off_record_and_ask_and_a_fourth_desk_is_malformed(void **state)
{
    struct ol_item item = some_echo(), got;

    (void)state;
    for (unsigned bits = 0; bits < 256; bits++) {
        size_t len = put(&item);

        buf[1] = (uint8_t)bits;
        if ((bits >> 4 & 3) == 3) {
            CHECK_ERR(OL_MALFORMED, get(len, &got));
            continue;
        }
        CHECK_ERR(OL_OK, get(len, &got));
        assert_int_equal(bits & 15, got.echo.path);
        assert_int_equal(bits >> 4 & 3, got.echo.desk);
        assert_int_equal(bits >> 6 & 1, got.echo.off_record);
        assert_int_equal(bits >> 7, got.echo.ask);
        assert_int_equal(len, put(&got));
        assert_int_equal(bits, buf[1]);
    }
}

static void test_a_part_lies_inside_its_entry(void **state)
{
    struct ol_item got;

    (void)state;
    CHECK_ERR(OL_OK, get_hex("0741" "00000001" "0003" "0002" "aa", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0741" "00000001" "0003" "0003" "aa", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0741" "00000001" "0003" "0002" "aaaa", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0741" "00000001" "ffff" "ffff" "aa", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0741" "00000001" "0003" "0002", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0741" "00000000" "0003" "0002" "aa", &got));
    CHECK_ERR(OL_MALFORMED, get_hex("0740" "00000001" "0003" "0002" "aa", &got));
}

static void test_an_item_that_does_not_fit_makes_the_writer_full(void **state)
{
    struct ol_item items[11];
    size_t n = all(items);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        size_t len = put(&items[i]);

        for (size_t cap = 0; cap < len; cap++) {
            struct ol_wr w = ol_wr_to(buf, cap);

            ol_item_write(&items[i], &w);
            assert_true(w.full);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_are_laid_out_as_the_table_says),
        cmocka_unit_test(test_sizes_are_as_named),
        cmocka_unit_test(test_what_is_read_is_written_back_the_same),
        cmocka_unit_test(test_fields_are_read),
        cmocka_unit_test(test_items_follow_each_other_and_then_none_is_there),
        cmocka_unit_test(test_every_prefix_is_malformed_and_nothing_can_be_read_after_it),
        cmocka_unit_test(test_a_flipped_bit_is_refused_or_read_back_as_it_is),
        cmocka_unit_test(test_unknown_items_end_the_reading),
        cmocka_unit_test(test_more_than_32_ranges_are_malformed),
        cmocka_unit_test(test_ranges_ascend_and_do_not_overlap),
        cmocka_unit_test(test_wants_name_a_stream_and_a_range),
        cmocka_unit_test(test_an_echo_that_heard_nothing_has_counter_0_and_delay_ffff),
        cmocka_unit_test(test_a_delay_that_does_not_fit_is_fffe),
        cmocka_unit_test(test_the_bits_of_an_echo_say_path_desk_off_record_and_ask_and_a_fourth_desk_is_malformed),
        cmocka_unit_test(test_a_part_lies_inside_its_entry),
        cmocka_unit_test(test_an_item_that_does_not_fit_makes_the_writer_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "path/link.h"

void ol_link_write(const struct ol_link_msg *m, struct ol_wr *w)
{
    ol_wr_u8(w, (uint8_t)m->type);
    ol_wr_u16(w, m->path);
    ol_wr_u16(w, m->conn);
    switch (m->type) {
    case OL_LINK_PATH:
        ol_wr_u16(w, m->window);
        ol_wr_u16(w, m->mtu);
        ol_wr_u32(w, m->rate);
        break;
    case OL_LINK_FRAME:
        ol_wr_bytes(w, m->frame.p, m->frame.len);
        break;
    case OL_LINK_CREDIT:
        ol_wr_u16(w, m->count);
        break;
    case OL_LINK_UP:
        ol_wr_u8(w, m->open);
        break;
    case OL_LINK_END:
    case OL_LINK_DOWN:
    case OL_LINK_PROVEN:
    case OL_LINK_RELOAD:
        break;
    }
}

/* Reads what follows the head. False: an unknown type, or a number where the format has a 0, or the
 * reverse. */
static bool read_rest(struct ol_rd *r, struct ol_link_msg *m)
{
    uint8_t open;

    switch (m->type) {
    case OL_LINK_PATH:
        m->window = ol_rd_u16(r);
        m->mtu = ol_rd_u16(r);
        m->rate = ol_rd_u32(r);
        return m->conn == 0;
    case OL_LINK_FRAME:
        m->frame = ol_rd_take(r, r->left);
        return m->frame.len > 0 && m->frame.len <= OL_FRAME_MAX;
    case OL_LINK_CREDIT:
        m->count = ol_rd_u16(r);
        return m->conn == 0;
    case OL_LINK_UP:
        open = ol_rd_u8(r);
        m->open = open == 1;
        return m->conn != 0 && open <= 1;
    case OL_LINK_DOWN:
    case OL_LINK_PROVEN:
        return m->conn != 0;
    case OL_LINK_END:
    case OL_LINK_RELOAD:
        return m->path == 0 && m->conn == 0;
    }
    return false;
}

enum ol_err ol_link_read(struct ol_span in, struct ol_link_msg *m)
{
    struct ol_rd r = ol_rd_from(in);
    struct ol_link_msg got = {0};

    *m = got;
    got.type = ol_rd_u8(&r);
    got.path = ol_rd_u16(&r);
    got.conn = ol_rd_u16(&r);
    if (!read_rest(&r, &got) || ol_rd_end(&r) != OL_OK)
        return OL_MALFORMED;
    *m = got;
    return OL_OK;
}

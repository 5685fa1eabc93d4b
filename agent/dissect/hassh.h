/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HASSH_H
#define HASSH_H

#include "agent/dissect/dissect.h"

/* What HASSH is made of, in its order: the client's lists of names, borrowed, as sent. */
enum hassh_list { HASSH_KEX, HASSH_CIPHER, HASSH_MAC, HASSH_COMPRESSION, HASSH_LISTS };

/* MD5 of the lists joined by ';' (github.com/salesforce/hassh); the string itself into *text. */
void hassh_hash(uint8_t md5[16], struct dissect_text *text, const struct slice list[HASSH_LISTS]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPHASH_H
#define SIPHASH_H

#include "agent/wire/cur.h"

/* SipHash-2-4 (Aumasson, Bernstein 2012): a hash whose collisions only the key's holder can aim. */
uint64_t siphash(const uint8_t key[16], struct slice in);

#endif

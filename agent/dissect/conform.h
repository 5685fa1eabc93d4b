/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORM_H
#define CONFORM_H

#include "policy/facts.h"

/*
 * What is known to be spoken inside TLS by what the hello offers: DNS over TLS (RFC 7858 section 3.1:
 * TCP port 853, or "dot" in ALPN), AnyDesk ("anydesk/VERSION/SYSTEM" in ALPN, as its clients send).
 * APP_UNKNOWN: nothing, or `f` does not say TLS.
 */
enum app conform_inside_tls(const struct facts *f);

#endif

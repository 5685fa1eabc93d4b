/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/facts.h"

#include <string.h>

static const char *const app_names[APP_N] = {
	[APP_UNKNOWN] = "unknown",
	[APP_TLS] = "tls",
	[APP_QUIC] = "quic",
	[APP_DTLS] = "dtls",
	[APP_HTTP] = "http",
	[APP_HTTP2] = "http2",
	[APP_DNS] = "dns",
	[APP_DOT] = "dot",
	[APP_SSH] = "ssh",
	[APP_RDP] = "rdp",
	[APP_SOCKS] = "socks",
	[APP_SMTP] = "smtp",
	[APP_IMAP] = "imap",
	[APP_POP3] = "pop3",
	[APP_FTP] = "ftp",
	[APP_SMB] = "smb",
	[APP_MQTT] = "mqtt",
	[APP_STRATUM] = "stratum",
	[APP_BITTORRENT] = "bittorrent",
	[APP_OPENVPN] = "openvpn",
	[APP_WIREGUARD] = "wireguard",
	[APP_IKE] = "ike",
	[APP_STUN] = "stun",
	[APP_NTP] = "ntp",
	[APP_ICMP] = "icmp",
	[APP_VNC] = "vnc",
	[APP_TEAMVIEWER] = "teamviewer",
	[APP_RUSTDESK] = "rustdesk",
	[APP_ANYDESK] = "anydesk",
};

static const char *const anomaly_names[ANOM_N] = {
	"overlap",  "budget",  "decoy",	  "urgent",	"midstream", "truncated", "header", "fragment",
	"tls-bad", "tls-records", "sni-bad", "sni-twice", "ext-twice", "md5-option", "low-ttl",
	"http-bad", "http-lines", "http-host", "http-length", "dns-bad", "dns-name", "dns-trailing",
	"quic-bad", "quic-version", "app-bad", "icmp-data",
};

const char *facts_app_name(enum app a)
{
	return (unsigned int)a < APP_N ? app_names[a] : "unknown";
}

int facts_app_parse(const char *name)
{
	for (int i = 0; i < APP_N; i++)
		if (strcmp(app_names[i], name) == 0)
			return i;
	return -1;
}

const char *facts_anomaly_name(unsigned int bit)
{
	return bit < ANOM_N ? anomaly_names[bit] : "unknown";
}

bool facts_text(char *to, uint8_t *len, size_t size, const uint8_t *from, size_t n)
{
	size_t keep = n < size ? n : size;

	if (keep)
		memcpy(to, from, keep);
	*len = (uint8_t)keep;
	return keep == n;
}

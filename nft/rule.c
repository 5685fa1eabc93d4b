/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "nft/expr.h"

#define RULE_ACK_AFTER 8     /* packets of an undecided flow before pure ACKs are queued too */
#define RULE_FLOW_MS   150000 /* how long a blocked new flow is remembered: longer than SYNs are retried */
#define RULE_LOG_RATE  100   /* logged kernel drops a second, all elements together */
#define RULE_LOG_BURST 200
#define RULE_UNREACH_4 3 /* ICMP destination unreachable (RFC 792) */
#define RULE_UNREACH_6 1 /* ICMPv6 destination unreachable (RFC 4443) */
#define RULE_ECHO_4 8
#define RULE_ECHO_6 128
#define RULE_PORT_DNS  53

/*
 * Chains, in the order a packet meets them (base chains jump, nothing else):
 *   forward, input, output   priority 10   -> gate -> [sets_N -> ports_N] [dns] -> inspect
 *   settle_*                 priority 20   -> settle -> [remember]
 * Ends: blind, hit -> stop or cut (a drop set), stop_mark or cut_mark (the flow's verdict).
 */
const char *const rule_chains[] = { "blind",    "stop",   "cut",     "stop_mark",
				    "cut_mark", "hit",    "ports_4", "ports_6",
				    "sets_4",   "sets_6", "dns",     "inspect",
				    "remember", "gate",   "settle",  NULL };

static const char *const rule_inside[2] = { "inside_4", "inside_6" };
static const char *const rule_allow[2] = { "allow_4", "allow_6" };
static const char *const rule_sets[2] = { "sets_4", "sets_6" };
static const char *const rule_ports[2] = { "ports_4", "ports_6" };

/* Splits the configured mask into its values. -EINVAL: not 3 contiguous bits. */
int rule_marks(struct rule_marks *m, uint32_t mask)
{
	uint32_t low = mask & -mask;

	if (!mask || (low * 7u) != mask || (uint64_t)low * 7u > UINT32_MAX)
		return -EINVAL;
	*m = (struct rule_marks){ .all = mask,
				  .verdict = low * 3,
				  .pass = low,
				  .drop = low * 2,
				  .reject = low * 3,
				  .reply = low * 4 };
	return 0;
}

static void rule_queue(struct expr *x)
{
	expr_count(x, NFT_C_QUEUED);
	expr_queue(x);
}

/* `allow` both ways: neither the host nor its peer is looked at. */
static void rule_gate_allow(struct expr *x)
{
	for (int v6 = 0; v6 < 2; v6++)
		for (int dst = 0; dst < 2; dst++) {
			expr_rule(x, "gate", dst ? "allowed destination" : "allowed source");
			expr_family(x, v6);
			expr_addr(x, v6, dst, rule_allow[v6], true);
			expr_count(x, NFT_C_ALLOW);
			expr_accept(x);
		}
}

static void rule_gate_sets(struct expr *x)
{
	for (int v6 = 0; v6 < 2; v6++) {
		expr_rule(x, "gate", v6 ? "IPv6 drop and watch sets" : "IPv4 drop and watch sets");
		expr_family(x, v6);
		expr_jump(x, rule_sets[v6]);
	}
}

static void rule_gate_dns(struct expr *x, uint8_t proto)
{
	for (int dst = 1; dst >= 0; dst--) {
		expr_rule(x, "gate", dst ? "DNS query" : "DNS answer");
		expr_proto(x, proto, true);
		expr_port(x, dst, RULE_PORT_DNS);
		if (proto == IPPROTO_TCP && x->caps->inner)
			expr_payload(x);
		expr_jump(x, "dns");
	}
}

/* What every packet passes, in all three hooks. The order is the design; see nft.h. */
static void rule_gate(struct expr *x, bool allow)
{
	expr_rule(x, "gate", "clear our bits of the packet mark");
	expr_set_mark(x, x->mark.all, 0);

	expr_rule(x, "gate", "not tracked: cannot be inspected");
	expr_ct_state(x, EXPR_CT_UNTRACKED);
	expr_goto(x, "blind");

	if (allow)
		rule_gate_allow(x);

	expr_rule(x, "gate", "not a packet of any flow");
	expr_ct_state(x, EXPR_CT_INVALID);
	expr_count(x, NFT_C_INVALID);
	if (x->conf->observe || x->conf->invalid_pass)
		expr_accept(x);
	else
		expr_drop(x);

	rule_gate_sets(x);

	expr_rule(x, "gate", "flow was dropped");
	expr_ct_mark(x, x->mark.verdict, x->mark.drop);
	expr_goto(x, "stop_mark");

	expr_rule(x, "gate", "flow was rejected");
	expr_ct_mark(x, x->mark.verdict, x->mark.reject);
	expr_goto(x, "cut_mark");

	if (x->conf->dns)
		rule_gate_dns(x, IPPROTO_UDP);

	expr_rule(x, "gate", "flow was passed");
	expr_ct_mark(x, x->mark.verdict, x->mark.pass);
	expr_count(x, NFT_C_PASS);
	expr_accept(x);

	if (x->conf->dns) /* a TCP connection is passed only if it is something else */
		rule_gate_dns(x, IPPROTO_TCP);

	expr_rule(x, "gate", "reply of an undecided flow");
	expr_ct_reply(x, true);
	expr_accept(x);

	expr_rule(x, "gate", "tell the agent that a reply was seen");
	expr_ct_state(x, EXPR_CT_ESTABLISHED);
	expr_set_mark(x, x->mark.reply, x->mark.reply);
}

/* One drop map: as written, and exchanged (only that stops a server's push). */
static void rule_drop_map(struct expr *x, const char *chain, enum nft_set set, bool v6, bool ports)
{
	static const char *const what[][2] = {
		[NFT_DROP_PAIR] = { "source, destination, protocol, port",
				    "the same, coming back" },
		[NFT_DROP_EP] = { "destination, protocol, port", "the same, coming back" },
		[NFT_DROP_ADDR] = { "destination", "source" },
	};

	for (int exchanged = 0; exchanged < 2; exchanged++) {
		expr_rule(x, chain, what[set][exchanged]);
		expr_key(x, set, v6, exchanged, ports);
		expr_hit(x, set_twin(set, v6), x->conf->observe);
		expr_goto(x, x->conf->observe ? "stop" : "hit");
	}
}

static void rule_watch(struct expr *x, const char *chain, bool v6, bool ports)
{
	expr_rule(x, chain, "watched endpoint; new flows are logged");
	expr_key(x, NFT_WATCH, v6, false, ports);
	expr_lookup(x, set_twin(NFT_WATCH, v6), true);
	expr_count(x, NFT_C_WATCH);
	if (!x->conf->log_group || !x->caps->log)
		return;
	expr_ct_state(x, EXPR_CT_NEW);
	expr_log(x, "sluice-watch");
}

/*
 * sets_N takes addresses and protocols without ports, and hands TCP and UDP to ports_N.
 * Both return to `gate`.
 */
static void rule_sets_of(struct expr *x, bool v6)
{
	const char *sets = rule_sets[v6], *ports = rule_ports[v6];

	rule_drop_map(x, sets, NFT_DROP_ADDR, v6, false);
	expr_rule(x, sets, "with ports");
	expr_proto(x, IPPROTO_TCP, true);
	expr_goto(x, ports);
	expr_rule(x, sets, "with ports");
	expr_proto(x, IPPROTO_UDP, true);
	expr_goto(x, ports);
	rule_drop_map(x, sets, NFT_DROP_PAIR, v6, false);
	rule_drop_map(x, sets, NFT_DROP_EP, v6, false);
	rule_watch(x, sets, v6, false);

	rule_drop_map(x, ports, NFT_DROP_PAIR, v6, true);
	rule_drop_map(x, ports, NFT_DROP_EP, v6, true);
	expr_rule(x, ports, "blocked with its first packet");
	expr_ct_state(x, EXPR_CT_NEW | EXPR_CT_RELATED);
	expr_key(x, NFT_DROP_FLOW, v6, false, true);
	expr_lookup(x, set_twin(NFT_DROP_FLOW, v6), true);
	expr_goto(x, "stop");
	rule_watch(x, ports, v6, true);
}

/* DNS messages are judged one by one; the agent leaves their flow undecided. */
static void rule_dns(struct expr *x)
{
	expr_rule(x, "dns", "tell the agent that a reply was seen");
	expr_ct_state(x, EXPR_CT_ESTABLISHED);
	expr_set_mark(x, x->mark.reply, x->mark.reply);
	for (int v6 = 0; v6 < 2; v6++)
		for (int dst = 1; dst >= 0; dst--) {
			expr_rule(x, "dns", dst ? "query from inside" : "answer to inside");
			expr_family(x, v6);
			expr_ct_reply(x, !dst);
			expr_port(x, dst, RULE_PORT_DNS);
			expr_addr(x, v6, !dst, rule_inside[v6], true);
			rule_queue(x);
		}
}

/* Link-local, multicast and broadcast destinations never leave through the gateway. */
static void rule_inspect_local(struct expr *x)
{
	static const uint8_t limit[2][16] = { { 224 }, { 0xfe, 0x80 } };

	for (int v6 = 0; v6 < 2; v6++) {
		expr_rule(x, "inspect", "multicast, broadcast or link-local");
		expr_family(x, v6);
		expr_addr_from(x, v6, limit[v6]);
		expr_accept(x);
	}
}

static void rule_inspect_tcp(struct expr *x)
{
	expr_rule(x, "inspect", "TCP SYN");
	expr_proto(x, IPPROTO_TCP, true);
	expr_tcp_flags(x, TH_SYN | TH_ACK, TH_SYN);
	rule_queue(x);

	if (!x->caps->inner) {
		expr_rule(x, "inspect", "TCP, all but resets (this kernel cannot see payload)");
		expr_proto(x, IPPROTO_TCP, true);
		expr_tcp_flags(x, TH_RST, 0);
		rule_queue(x);
		return;
	}
	expr_rule(x, "inspect", "TCP payload");
	expr_proto(x, IPPROTO_TCP, true);
	expr_payload(x);
	rule_queue(x);

	expr_rule(x, "inspect", "TCP acknowledgements of a flow that stays undecided");
	expr_proto(x, IPPROTO_TCP, true);
	expr_tcp_flags(x, TH_FIN | TH_RST, 0);
	expr_ct_packets(x, RULE_ACK_AFTER);
	rule_queue(x);
}

/* What goes to the agent, of the undecided flows that a hook's chain sends here. */
static void rule_inspect(struct expr *x)
{
	rule_inspect_local(x);
	rule_inspect_tcp(x);

	expr_rule(x, "inspect", "UDP");
	expr_proto(x, IPPROTO_UDP, true);
	rule_queue(x);

	if (!x->conf->icmp)
		return;
	for (int v6 = 0; v6 < 2; v6++) {
		expr_rule(x, "inspect", "echo request");
		expr_icmp_type(x, v6, v6 ? RULE_ECHO_6 : RULE_ECHO_4);
		rule_queue(x);
	}
	expr_rule(x, "inspect", "first packet of another protocol");
	expr_proto(x, IPPROTO_TCP, false);
	expr_ct_state(x, EXPR_CT_NEW);
	rule_queue(x);
}

/* Sends packets to inspect whose source and destination are inside or not; -1 = either. */
static void rule_hook_inspect(struct expr *x, const char *chain, const char *what, int src, int dst)
{
	for (int v6 = 0; v6 < 2; v6++) {
		expr_rule(x, chain, what);
		expr_family(x, v6);
		if (src >= 0)
			expr_addr(x, v6, false, rule_inside[v6], src);
		if (dst >= 0)
			expr_addr(x, v6, true, rule_inside[v6], dst);
		expr_goto(x, "inspect");
	}
}

static void rule_hook_loopback(struct expr *x, const char *chain, bool out)
{
	expr_rule(x, chain, "loopback");
	expr_loopback(x, out);
	expr_accept(x);
}

/*
 * The resets and errors that the gateway sends, those of `cut` among them: they travel
 * from the blocked server to the client, and would be stopped as such.
 */
static void rule_hook_own_errors(struct expr *x, const char *chain)
{
	expr_rule(x, chain, "the gateway's resets");
	expr_proto(x, IPPROTO_TCP, true);
	expr_tcp_flags(x, TH_RST, TH_RST);
	expr_accept(x);
	for (int v6 = 0; v6 < 2; v6++) {
		expr_rule(x, chain, "the gateway's errors");
		expr_icmp_type(x, v6, v6 ? RULE_UNREACH_6 : RULE_UNREACH_4);
		expr_accept(x);
	}
}

static void rule_hook_jump(struct expr *x, const char *chain, const char *to)
{
	expr_rule(x, chain, to);
	expr_jump(x, to);
}

static void rule_hooks(struct expr *x)
{
	rule_hook_jump(x, "forward", "gate");
	rule_hook_inspect(x, "forward", "from inside out", 1, 0);
	if (x->conf->inbound)
		rule_hook_inspect(x, "forward", "from outside in", 0, 1);

	rule_hook_loopback(x, "input", false);
	rule_hook_jump(x, "input", "gate");
	if (x->conf->inbound)
		rule_hook_inspect(x, "input", "from outside to the gateway", 0, -1);

	rule_hook_loopback(x, "output", true);
	rule_hook_own_errors(x, "output");
	rule_hook_jump(x, "output", "gate");
	if (x->conf->router_traffic)
		rule_hook_inspect(x, "output", "the gateway's own", -1, 0);

	rule_hook_jump(x, "settle_forward", "settle");
	rule_hook_loopback(x, "settle_input", false);
	rule_hook_jump(x, "settle_input", "settle");
	rule_hook_loopback(x, "settle_output", true);
	rule_hook_jump(x, "settle_output", "settle");
}

/* A dropped first packet never confirms its conntrack entry, and the ct mark goes with it. */
static void rule_remember(struct expr *x)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (int v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < sizeof(protos); i++) {
			expr_rule(x, "remember", "block its retries without asking again");
			expr_family(x, v6);
			expr_proto(x, protos[i], true);
			expr_key(x, NFT_DROP_FLOW, v6, false, true);
			expr_remember(x, set_twin(NFT_DROP_FLOW, v6), RULE_FLOW_MS);
		}
}

/* Turns the agent's verdict, in the packet mark, into the flow's. */
static void rule_settle(struct expr *x)
{
	const struct rule_marks *m = &x->mark;
	const struct {
		uint32_t value;
		const char *what;
	} v[] = { { m->pass, "pass" }, { m->drop, "drop" }, { m->reject, "reject" } };

	expr_rule(x, "settle", "nothing of ours");
	expr_mark(x, m->all, 0, true);
	expr_accept(x);

	expr_rule(x, "settle", "reject this packet alone");
	expr_mark(x, m->all, m->reject | m->reply, true);
	expr_goto(x, "cut_mark");

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		expr_rule(x, "settle", v[i].what);
		expr_mark(x, m->verdict, v[i].value, true);
		expr_set_ct_mark(x, m->verdict, v[i].value);
	}

	expr_rule(x, "settle", "blocked new flow");
	expr_mark(x, m->drop, 0, false);
	expr_ct_state(x, EXPR_CT_NEW | EXPR_CT_RELATED);
	expr_jump(x, "remember");

	expr_rule(x, "settle", "drop");
	expr_mark(x, m->verdict, m->drop, true);
	expr_goto(x, "stop_mark");

	expr_rule(x, "settle", "reject");
	expr_mark(x, m->verdict, m->reject, true);
	expr_goto(x, "cut_mark");

	expr_rule(x, "settle", "clear our bits of the packet mark");
	expr_set_mark(x, m->all, 0);
}

/* Neighbour discovery is never tracked and nothing to inspect: it is not counted as blind. */
static void rule_blind(struct expr *x)
{
	expr_rule(x, "blind", "neighbour discovery");
	expr_proto(x, IPPROTO_ICMPV6, true);
	expr_accept(x);
	expr_rule(x, "blind", "passed without inspection");
	expr_count(x, NFT_C_UNTRACKED);
	expr_accept(x);
}

/*
 * The end of a blocked packet. Observing, it is counted and goes on. A rejected reply is
 * dropped silently: the sender inside is told, the server is not.
 */
static void rule_block(struct expr *x, const char *chain, enum nft_counter c, bool reject,
		       const char *log)
{
	expr_rule(x, chain, "count");
	expr_count(x, c);
	if (log && x->conf->log_group && x->caps->log) {
		expr_rule(x, chain, "log new flows");
		expr_ct_state(x, EXPR_CT_NEW);
		expr_limit(x, RULE_LOG_RATE, RULE_LOG_BURST);
		expr_log(x, log);
	}
	if (x->conf->observe) {
		expr_rule(x, chain, "observing: it goes on");
		expr_set_mark(x, x->mark.all, 0);
		expr_accept(x);
		return;
	}
	if (!reject) {
		expr_rule(x, chain, "drop");
		expr_drop(x);
		return;
	}
	expr_rule(x, chain, "the other side is not told");
	expr_ct_reply(x, true);
	expr_drop(x);
	expr_rule(x, chain, "reset");
	expr_proto(x, IPPROTO_TCP, true);
	expr_reject(x, true);
	expr_rule(x, chain, "administratively prohibited");
	expr_reject(x, false);
}

/* What the drop map said stands in the packet mark, which nobody will read again. */
static void rule_hit(struct expr *x)
{
	expr_rule(x, "hit", "reject");
	expr_mark_is(x, SET_REJECT);
	expr_goto(x, "cut");
	expr_rule(x, "hit", "drop");
	expr_goto(x, "stop");
}

/* Puts every rule of the table into the batch, for empty chains. */
int rule_write(struct batch *b, const struct nft_conf *conf, const struct nft_caps *caps,
	       bool allow)
{
	struct expr x = { .b = b, .table = NFT_TABLE, .conf = conf, .caps = caps };
	int err = rule_marks(&x.mark, conf->mark_mask);

	if (err)
		return err;
	rule_block(&x, "stop", NFT_C_DROP_SET, false, "sluice-drop");
	rule_block(&x, "cut", NFT_C_DROP_SET, true, "sluice-reject");
	rule_block(&x, "stop_mark", NFT_C_DROP_MARK, false, NULL);
	rule_block(&x, "cut_mark", NFT_C_DROP_MARK, true, NULL);
	rule_hit(&x);
	rule_blind(&x);
	rule_sets_of(&x, false);
	rule_sets_of(&x, true);
	if (conf->dns)
		rule_dns(&x);
	rule_inspect(&x);
	rule_gate(&x, allow);
	rule_remember(&x);
	rule_settle(&x);
	rule_hooks(&x);
	expr_end(&x);
	return b->err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/desk.h"
#include "agent/log.h"
#include "agent/priv.h"
#include "policy/list.h"

/*
 * The image is built where it will be read, so its pointers are plain: writable and shared first,
 * then sealed and mapped read-only. On success *fd is the sealed image.
 */
static const struct policy *build_image(struct clerk *c, struct errs *e, const struct config *conf,
					unsigned int slot, int *fd, size_t *size)
{
	const struct policy *p = NULL;
	struct arena a;

	*fd = memfd_create("sluice-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0 || ftruncate(*fd, (off_t)IPC_SLOT_SIZE) < 0) {
		errs_add(e, conf->file, 0, "no memory for the policy: %s", strerror(errno));
		goto out;
	}
	void *at = mmap(c->s->slots.at[slot], IPC_SLOT_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, *fd, 0);
	if (at == MAP_FAILED) {
		errs_add(e, conf->file, 0, "no memory for the policy: %s", strerror(errno));
		goto out;
	}
	arena_init(&a, at, IPC_SLOT_SIZE);
	p = policy_compile(&a, e, conf, c->generation + 1);
	*size = a.used;
	ipc_slot_clear(&c->s->slots, slot); /* no writable mapping may be left when it is sealed */
	if (!p)
		goto out;
	p = NULL;
	if (ftruncate(*fd, (off_t)*size) < 0 ||
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
		errs_add(e, conf->file, 0, "sealing the policy: %s", strerror(errno));
		goto out;
	}
	const void *base = ipc_slot_map(&c->s->slots, slot, *fd, *size);
	p = base ? policy_at(base, *size) : NULL;
	if (!p)
		errs_add(e, conf->file, 0, "mapping the policy: %s", strerror(errno));
out:
	if (!p && *fd >= 0) {
		ipc_slot_clear(&c->s->slots, slot);
		close(*fd);
		*fd = -1;
	}
	return p;
}

void load_nets(struct clerk *c, struct ipc_nets *nets)
{
	const struct nft_range *r;
	size_t n = hosts_inside(c->hosts, &r);

	if (n > INSPECT_NETS) {
		log_warn("%zu inside nets, only the first %d are used", n, INSPECT_NETS);
		n = INSPECT_NETS;
	}
	memset(nets, 0, sizeof(*nets));
	nets->n = (uint32_t)n;
	if (n > 0)
		memcpy(nets->net, r, n * sizeof(*r));
}

/* The top-level `allow` list as ranges for the kernel's set. */
static int fill_allow(struct ipc_load *l, struct errs *e, const struct config *conf)
{
	for (size_t i = 0; i < conf->allow.n; i++) {
		struct list_entry en;
		char buf[80];

		if (list_value(&en, LIST_ADDRESS, buf, sizeof(buf), conf->allow.text[i]) < 0)
			continue; /* policy_compile() has told it */
		if (l->n_allow == IPC_ALLOW) {
			errs_add(e, conf->file, conf->allow.line[i], "allow: more than %d entries",
				 IPC_ALLOW);
			return -ENOSPC;
		}
		memcpy(l->allow[l->n_allow].lo, en.lo, sizeof(en.lo));
		memcpy(l->allow[l->n_allow].hi, en.hi, sizeof(en.hi));
		l->n_allow++;
	}
	return 0;
}

/* What is fixed when the agent starts keeps its value until it starts again. */
static void keep_fixed(struct clerk *c, struct errs *e, struct config *conf)
{
	const struct config *old = &c->config;

	if (!c->have_config)
		return;
	if (conf->queue.first != old->queue.first || conf->queue.count != old->queue.count ||
	    conf->mark_mask != old->mark_mask || conf->limits.flows != old->limits.flows)
		errs_warn(e, conf->file, 0,
			  "queue.first, queue.count, mark_mask and limits.flows change at the next "
			  "start of sluiced");
	conf->queue.first = old->queue.first;
	conf->queue.count = old->queue.count;
	conf->mark_mask = old->mark_mask;
	conf->limits.flows = old->limits.flows;
}

static void fill_load(struct clerk *c, struct ipc_load *l, const struct config *conf,
		      const struct policy *p)
{
	bool observe = conf->mode == MODE_OBSERVE;

	memset(l, 0, sizeof(*l));
	l->generation = c->generation + 1;
	l->queue_length = conf->queue.length;
	l->drop_dynamic = !observe && (c->have_config ? c->config.mode == MODE_OBSERVE : c->adopted_observe);
	l->nft = (struct nft_conf){
		.mark_mask = conf->mark_mask,
		.queue_first = conf->queue.first,
		.queue_count = (uint16_t)(conf->queue.count ? conf->queue.count : priv_cpus()),
		.fail_open = conf->queue.fail_open,
		.observe = observe,
		.invalid_pass = conf->invalid_pass,
		.router_traffic = conf->router_traffic,
		.dns = conf->dns,
		.inbound = policy_inbound(p),
		.icmp = true,
	};
	inspect_conf_of(&l->inspect, conf);
	load_nets(c, &l->inside);
}

/* More than one transaction holds leaves at once: it would not be blocked any more anyway. */
static void stage_end(struct clerk *c)
{
	struct ipc_msg *m = &c->apply;
	bool fits = c->staged + c->n_apply <= NFT_BATCH_ELEMS;

	if (c->n_apply == 0)
		return;
	m->head = (struct ipc_head){ .type = fits ? IPC_STAGE : IPC_APPLY,
				     .count = (uint32_t)c->n_apply };
	m->len = c->n_apply * sizeof(m->u.elem[0]);
	m->fd = -1;
	if (ipc_send(c->s->guard, m) < 0)
		c->end = true;
	c->staged += c->n_apply;
	c->n_apply = 0;
}

static void stage(void *ctx, const struct nft_elem *e)
{
	struct clerk *c = ctx;
	struct ipc_msg *m = &c->apply;

	/* sent at once: the guard keeps them for the transaction of the load that follows */
	m->u.elem[c->n_apply] = *e;
	m->u.elem[c->n_apply].op = NFT_DEL;
	if (++c->n_apply == IPC_ELEMS)
		stage_end(c);
}

static void nothing(void *ctx, const struct nft_elem *e)
{
	(void)ctx;
	(void)e;
}

/* Entries that the new policy no longer blocks leave in the transaction that brings it. */
static void stage_rejudged(struct clerk *c, const struct policy *p, bool drop_all)
{
	clerk_flush(c);
	c->staged = 0;
	if (drop_all)
		enforce_unblock(c->enforce, NULL, nothing, NULL);
	else
		enforce_rejudge(c->enforce, p, stage, c);
	stage_end(c);
}

static void take_over(struct clerk *c, struct config *conf, const struct policy *p, unsigned int slot)
{
	if (c->policy && c->slot != slot)
		ipc_slot_clear(&c->s->slots, c->slot);
	c->policy = p;
	c->slot = slot;
	c->generation++;
	if (c->have_config)
		config_fini(&c->config);
	c->config = *conf;
	c->have_config = true;
	c->loaded = clerk_wall() / 1000000;
	enforce_quota(c->enforce, c->config.limits.entries_per_host);
}

int load_adopted(struct clerk *c)
{
	for (;;) {
		int r = ipc_recv(c->s->guard, &c->in, 0);

		if (r <= 0)
			return r < 0 ? r : -EPIPE;
		if (c->in.fd >= 0)
			close(c->in.fd);
		if (c->in.head.type != IPC_ADOPTED) {
			clerk_note(c);
			continue;
		}
		if (c->in.head.count == 0)
			return 0;
		if (c->in.head.count > IPC_ELEMS || !ipc_array(&c->in, sizeof(struct nft_elem)))
			return -EPROTO;
		for (uint32_t i = 0; i < c->in.head.count; i++)
			c->adopted_observe |= strstr(c->in.u.elem[i].comment, ENFORCE_OBSERVED) != NULL;
		for (uint32_t i = 0; i < c->in.head.count; i++)
			enforce_adopt(c->enforce, &c->in.u.elem[i], clerk_wall(), clerk_now());
	}
}

/* Refused: entries that were given up for the new policy stand as before. */
static void again_from_kernel(struct clerk *c)
{
	c->out.head = (struct ipc_head){ .type = IPC_DUMP };
	c->out.len = 0;
	c->out.fd = -1;
	if (c->policy && !c->end && ipc_send(c->s->guard, &c->out) == 0 && load_adopted(c) < 0)
		c->end = true;
}

int load_policy(struct clerk *c, struct errs *e)
{
	unsigned int slot = c->policy ? 1 - c->slot : c->slot;
	const struct policy *p;
	struct config conf;
	size_t size;
	int fd;

	int err = config_load(&conf, e, c->s->config);
	if (err)
		return err;
	keep_fixed(c, e, &conf);
	p = build_image(c, e, &conf, slot, &fd, &size);
	if (!p) {
		config_fini(&conf);
		return -EINVAL;
	}
	hosts_config(c->hosts, &conf);
	struct ipc_load *l = &c->out.u.load;
	fill_load(c, l, &conf, p);
	l->slot = slot;
	l->image_size = size;
	err = fill_allow(l, e, &conf);
	if (!err) {
		stage_rejudged(c, p, l->drop_dynamic);
		err = clerk_call(c, IPC_LOAD, 0, sizeof(*l), fd);
		if (err)
			errs_add(e, conf.file, 0, "the policy cannot be installed: %s",
				 c->in.u.text.text);
	}
	close(fd);
	if (err) {
		ipc_slot_clear(&c->s->slots, slot);
		again_from_kernel(c);
		if (c->have_config)
			hosts_config(c->hosts, &c->config);
		config_fini(&conf);
		return err;
	}
	take_over(c, &conf, p, slot);
	return 0;
}

/* LVM, and the host's names as an initiator of iSCSI, NVMe and Fibre Channel. */
#include "../call.h"
#include "facts.h"

#include <unistd.h>

#define MAX_COLUMNS 16

/* A report's columns, a line; 0 when there is no such line. */
struct row {
	struct slice at[MAX_COLUMNS];
	size_t len;
};

static bool next_row(struct slice *text, struct row *row)
{
	struct slice line;
	while (slice_split(text, '\n', &line)) {
		line = slice_trim(line);
		for (row->len = 0; row->len < MAX_COLUMNS; row->len++)
			if (!slice_split(&line, ',', &row->at[row->len]))
				break;
		if (row->len > 1)
			return true;
	}
	return false;
}

static struct slice report(struct facts *f, const char *name)
{
	const char *program = facts_program(f, name);
	const char *const argv[] = {program, "--noheadings", "--nosuffix", "--units",
				    "g",     "--separator",  ",",	   NULL};
	struct slice out = SLICE_LIT("");
	int exit_code;
	if (!program || call_probe(f->call, argv, &exit_code, &out, NULL) < 0)
		return SLICE_LIT("");
	return out;
}

struct column {
	const char *key;
	int at; /* < 0: from the end */
};

/* The key of a row is its first column. */
static const struct value *rows(struct facts *f, const char *program, const struct column *columns)
{
	struct value *all = value_dict_new(f->a);
	struct slice text = report(f, program);
	struct row row;
	while (next_row(&text, &row)) {
		struct value *d = value_dict_new(f->a);
		for (const struct column *c = columns; c->key; c++) {
			size_t at = (size_t)(c->at < 0 ? (int)row.len + c->at : c->at);
			if (at < row.len)
				value_dict_put(f->a, d, c->key, value_str(f->a, row.at[at]));
		}
		value_dict_set(f->a, all, value_str(f->a, row.at[0]), d);
	}
	return all;
}

static void put_lvm(struct facts *f)
{
	static const struct column lvs[] = {{"size_g", 3}, {"vg", 1}, {0}},
				   vgs[] = {{"size_g", -2},
					    {"free_g", -1},
					    {"num_lvs", 2},
					    {"num_pvs", 1},
					    {0}},
				   pvs[] = {{"size_g", 4}, {"free_g", 5}, {"vg", 1}, {0}};
	struct value *lvm = value_dict_new(f->a);
	if (!facts_wants(f, "lvm"))
		return;
	if (getuid() != 0 || !facts_program(f, "vgs")) {
		facts_put_str(f, "lvm", "N/A");
		return;
	}
	value_dict_put(f->a, lvm, "lvs", rows(f, "lvs", lvs));
	value_dict_put(f->a, lvm, "vgs", rows(f, "vgs", vgs));
	value_dict_put(f->a, lvm, "pvs", rows(f, "pvs", pvs));
	facts_put(f, "lvm", lvm);
}

/* The rest of the first line that begins so; "" without. */
static struct slice line_after(struct facts *f, const char *path, const char *start)
{
	struct slice text = call_read_trimmed(f->call, path), line;
	while (slice_split(&text, '\n', &line))
		if (slice_starts_with(line, start))
			return (struct slice){line.ptr + strlen(start), line.len - strlen(start)};
	return SLICE_LIT("");
}

static void put_ports(struct facts *f)
{
	struct host_names names = {0};
	struct host *host = f->call->host;
	struct value *ports = value_list_new(f->a);
	if (host->ops->list(host, f->a, "/sys/class/fc_host", &names, NULL) < 0)
		names.len = 0;
	for (size_t i = 0; i < names.len; i++) {
		struct slice name = call_read_trimmed(
			f->call,
			arena_printf(f->a, "/sys/class/fc_host/%s/port_name", names.at[i]));
		if (name.len > 2) /* 0x21000014ff52a9bb */
			value_list_push(
				f->a, ports,
				value_str(f->a, (struct slice){name.ptr + 2, name.len - 2}));
	}
	facts_put(f, "fibre_channel_wwn", ports);
}

static void collect(struct facts *f)
{
	struct slice nqn = line_after(f, "/etc/nvme/hostnqn", "nqn.");
	put_lvm(f);
	put_ports(f);
	facts_put_slice(f, "iscsi_iqn",
			line_after(f, "/etc/iscsi/initiatorname.iscsi", "InitiatorName="));
	facts_put_str(f, "hostnqn", nqn.len ? arena_printf(f->a, "nqn.%.*s", SLICE_ARG(nqn)) : "");
}

static const char *const names[] = {"lvm", "fibre_channel_wwn", "iscsi_iqn", "hostnqn", NULL};
const struct collector facts_storage = {"hardware", names, collect};

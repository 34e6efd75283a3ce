/* rollout SITE: load, and carry it out. */
#include "../cli.h"
#include "../complaint.h"
#include "../password.h"
#include "../vault/passwords.h"
#include "dialogue.h"
#include "rollout/agent/image.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct passwords {
	struct strbuf ssh, become;
};

static void passwords_wipe(struct passwords *p)
{
	strbuf_wipe(&p->ssh);
	strbuf_wipe(&p->become);
}

static int get_passwords(const struct options *o, struct passwords *p, struct err *err)
{
	int r = 0;
	if (o->connection_password_file)
		r = password_read_file(o->connection_password_file, &p->ssh, err);
	else if (o->ask_pass)
		r = password_ask("SSH password: ", &p->ssh, err);
	if (r < 0)
		return r;
	if (o->become_password_file)
		return password_read_file(o->become_password_file, &p->become, err);
	if (!o->ask_become_pass)
		return 0;
	r = password_ask(p->ssh.len ? "BECOME password[defaults to SSH password]: "
				    : "BECOME password: ",
			 &p->become, err);
	if (r == 0 && p->become.len == 0)
		strbuf_slice_append(&p->become, strbuf_slice(&p->ssh));
	return r;
}

static const struct transport_agent_image *images(struct arena *a)
{
	struct transport_agent_image *out =
		ARENA_ARRAY(a, struct transport_agent_image, agent_images_len + 1);
	for (size_t i = 0; i < agent_images_len; i++) {
		const struct agent_image *from = &agent_images[i];
		out[i] = (struct transport_agent_image){.machine = from->arch,
							.data = from->data,
							.size = from->size,
							.raw_size = from->raw_size,
							.sha256 = from->sha256};
	}
	return out;
}

static struct report_sink open_sink(const struct options *o)
{
	const char *term = getenv("TERM");
	if (o->json)
		return report_json(STDOUT_FILENO);
	return report_terminal(&(struct report_terminal_options){
		.fd = STDOUT_FILENO,
		.live = isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0,
		.color = terminal_has_color(STDOUT_FILENO),
		.verbosity = (int)o->verbosity,
		.diff = o->diff,
	});
}

/* Absolute: ansible_config_file */
static const char *config_file(const struct options *o, struct arena *a)
{
	char real[PATH_MAX];
	return o->config.path && realpath(o->config.path, real) ? arena_strdup(a, real)
								: o->config.path;
}

static struct run_options run_options_of(const struct options *o, const struct passwords *p,
					 struct arena *a)
{
	return (struct run_options){
		.forks = o->forks ? o->forks : RUN_FORKS_DEFAULT,
		.check_mode = o->check,
		.diff_mode = o->diff,
		.verbosity = o->verbosity,
		.remote_user = o->user,
		.private_key = o->private_key,
		.connection = o->connection,
		.ssh_common_args = o->ssh_common_args,
		.ssh_password = p->ssh.len ? p->ssh.ptr : NULL,
		.become_password = p->become.len ? p->become.ptr : NULL,
		.become_method = o->become_method,
		.connect_timeout_ms =
			o->timeout_s ? (int64_t)o->timeout_s * 1000 : TRANSPORT_CONNECT_TIMEOUT_MS,
		.connect_retries = RUN_CONNECT_RETRIES,
		.tags = o->tags.len ? o->tags.at : NULL,
		.skip_tags = o->skip_tags.len ? o->skip_tags.at : NULL,
		.step = o->step,
		.limit = o->limit,
		.config_file = config_file(o, a),
		.images = images(a),
		.nimages = agent_images_len,
	};
}

int cli_execute(const struct options *o, struct loaded *l, const struct run_gate *gate,
		struct err *err)
{
	CLEANUP(passwords_wipe) struct passwords passwords = {0};
	CLEANUP(dialogue_close) struct dialogue dialogue;
	bool terminal = dialogue_open(&dialogue);
	if (o->step && !terminal)
		return err_set(err, ERR_USAGE,
			       "--step asks before each task, and there is no terminal to ask at");
	int r = get_passwords(o, &passwords, err);
	if (r < 0)
		return r;
	struct run_options opts = run_options_of(o, &passwords, &l->arena);
	struct report_sink sink = open_sink(o);
	enum run_exit code = RUN_EXIT_ERROR;
	opts.sinks = &sink;
	opts.nsinks = 1;
	opts.gate = gate;
	opts.dialogue = terminal ? &dialogue.run : NULL;
	fflush(stdout);
	r = run_execute(&opts, l->plan, &code, err);
	sink.ops->free(sink.self);
	return r < 0 ? r : (int)code;
}

int cli_check_site(const struct options *o, struct err *err)
{
	if (o->words.len == 0)
		return err_set(err, ERR_USAGE,
			       "which site file? rollout -i inventory.yaml site.roles");
	if (o->connection && strcmp(o->connection, "ssh") != 0 &&
	    strcmp(o->connection, "local") != 0)
		return err_set(err, ERR_USAGE, "--connection is ssh or local, not '%s'",
			       o->connection);
	if (o->become_method && strcmp(o->become_method, "sudo") != 0 &&
	    strcmp(o->become_method, "su") != 0)
		return err_set(err, ERR_USAGE, "--become-method is sudo or su, not '%s'",
			       o->become_method);
	return 0;
}

static void warn_of(const struct plan_warning *w)
{
	if (w->at.file)
		complaint_warn("%s:%u:%u: %s", w->at.file, w->at.line, w->at.column, w->text);
	else
		complaint_warn("%s", w->text);
}

int cmd_run(const struct options *o, struct err *err)
{
	CLEANUP(loaded_release) struct loaded l = {0};
	int r = cli_check_site(o, err);
	vault_passwords_demand(!o->syntax_check && !o->list_hosts && !o->list_tasks &&
			       !o->list_tags);
	if (r == 0)
		r = load_site(o, o->words.at[0], &l, err);
	if (r < 0)
		return r;
	bool looks = o->list_hosts || o->list_tasks || o->list_tags || o->syntax_check;
	for (size_t i = 0; looks && i < l.plan->warnings.len; i++)
		warn_of(&l.plan->warnings.at[i]);
	if (looks && l.plan->is_playbook) {
		listing_print_playbooks(o, l.plan);
		return RUN_EXIT_OK;
	}
	if (o->list_hosts || o->list_tasks || o->list_tags) {
		listing_print(o, l.plan);
		return RUN_EXIT_OK;
	}
	if (o->syntax_check) {
		printf("%s: no errors in %zu steps, %zu tasks\n", o->words.at[0], l.plan->steps.len,
		       l.plan->ntasks);
		return RUN_EXIT_OK;
	}
	return cli_execute(o, &l, NULL, err);
}

#pragma once
/* Rows of the registry: what manages the system, and the controller's own
 * modules (actions.c). X(n) names the object `module_n`. */
/* clang-format off */
#define MODULES_SYSTEM(X) \
	X(command) X(shell) X(raw) X(script) X(systemd) X(service) X(apt) \
	X(package) X(user) X(group) X(wait_for) X(setup) X(ping) X(getent) \
	X(hostname) X(sysctl) X(modprobe) X(timezone) X(get_url) X(async_status) \
	X(wait_for_connection) X(library_module) X(reboot)

#define MODULES_ACTION(X) \
	X(debug) X(set_fact) X(assert) X(fail) X(meta) X(pause) \
	X(include_tasks) X(import_tasks) X(include_role) X(import_role) \
	X(include_vars) X(add_host) X(group_by) X(set_stats) \
	X(validate_argument_spec)
/* clang-format on */

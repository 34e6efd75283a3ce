#pragma once
/* Rows of the registry: what manages well-known files and services of a host. */
/* clang-format off */
#define MODULES_HOST(X) \
	X(assemble) X(authorized_key) X(cron) X(cronvar) X(fetch) X(ini_file) X(known_hosts) \
	X(mount) X(package_facts) X(service_facts) X(synchronize)
/* clang-format on */

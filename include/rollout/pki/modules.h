#pragma once
/*
 * The pki modules: a private CA on the controller (docs/pki.md). They have the
 * shape of the agent's modules and are called by `run` with the controller's
 * own host, or in check mode with one overlay over it that lives as long as the
 * run, so that a certificate below a CA which does not exist yet is predicted.
 * Their parameter tables are in the module layer (pki_tables.c).
 *
 * Each returns 0 with call->result filled, or a negative code: a failed task.
 * They read and write files through call->host only. Not thread-safe: one at a
 * time in a process. Blocking; an RSA-4096 key takes up to some seconds.
 */
#include "rollout/module/module.h"

/* A root, intermediate or sub-CA. */
int pki_ca_run(struct module_call *call, struct err *err);
/* A certificate issued by one of them. */
int pki_cert_run(struct module_call *call, struct err *err);
/* A key pair without a certificate (signing of service account tokens). */
int pki_key_run(struct module_call *call, struct err *err);
/* Certificates of an existing CA, read only. */
int pki_info_run(struct module_call *call, struct err *err);

/* The function of a module, by its short name; NULL when it is not one of these. */
typedef int pki_run_fn(struct module_call *call, struct err *err);
pki_run_fn *pki_run_find(const char *module_name);

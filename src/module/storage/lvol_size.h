#pragma once
/* The argument size of lvol: "512", "10g", "+50%FREE", "80%VG". */
#include "../program.h"

struct lvol_size {
	char sign;	    /* '+', '-', or 0 */
	unsigned percent;   /* of `whole` */
	const char *whole;  /* "VG", "PVS", "FREE"; NULL: `bytes` */
	const char *number; /* as it was written, without unit */
	char unit;	    /* LVM's letter */
	double bytes;
};

int lvol_size_parse(struct arena *a, const char *text, struct lvol_size *ret, struct err *err);
/* Adds -L 512m, -l +50%FREE; option: 'L' or another for a size that is no percentage. */
void lvol_size_add(struct program *p, const struct lvol_size *s, char option, bool with_sign);
/* Bytes as a number of s's unit, with two digits as LVM shows it. */
double lvol_size_show(const struct lvol_size *s, uint64_t bytes);

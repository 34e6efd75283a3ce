#pragma once
/* Rows of the registry: what manages files. X(n) names the object `module_n`;
 * find's is module_find_files, since module_find is the registry's function. */
/* clang-format off */
#define MODULES_FILES(X) \
	X(file) X(copy) X(template) X(lineinfile) X(blockinfile) X(replace) \
	X(stat) X(slurp) X(unarchive) X(find_files) X(tempfile)
/* clang-format on */

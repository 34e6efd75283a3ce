#include "seed.h"

static const struct value *merge_dicts(struct arena *a, const struct value *ours,
				       const struct value *theirs)
{
	struct value *all = value_dict_dup(a, ours);
	for (size_t i = 0; i < theirs->dict.len; i++) {
		const struct value_pair *pair = &theirs->dict.at[i];
		const struct value *mine = value_find(ours, pair->key);
		value_dict_set(a, all, pair->key,
			       mine ? vm_seed_merge(a, mine, pair->value) : pair->value);
	}
	return all;
}

static const struct value *append(struct arena *a, const struct value *ours,
				  const struct value *theirs)
{
	struct value *all = value_list_new(a);
	for (size_t i = 0; i < ours->list.len; i++)
		value_list_push(a, all, ours->list.at[i]);
	for (size_t i = 0; i < theirs->list.len; i++)
		value_list_push(a, all, theirs->list.at[i]);
	return all;
}

const struct value *vm_seed_merge(struct arena *a, const struct value *ours,
				  const struct value *theirs)
{
	if (!theirs)
		return ours;
	if (ours->type == VALUE_DICT && theirs->type == VALUE_DICT)
		return merge_dicts(a, ours, theirs);
	if (ours->type == VALUE_LIST && theirs->type == VALUE_LIST)
		return append(a, ours, theirs);
	return theirs;
}

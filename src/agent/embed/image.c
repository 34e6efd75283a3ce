#include "rollout/agent/image.h"

#include <string.h>

const struct agent_image *agent_image_find(const char *arch)
{
	for (size_t i = 0; i < agent_images_len; i++) {
		if (strcmp(agent_images[i].arch, arch) == 0)
			return &agent_images[i];
	}
	return NULL;
}

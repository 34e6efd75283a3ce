#include "rollout/report/report.h"

const char *report_status_name(enum report_status s)
{
	switch (s) {
	case REPORT_OK:
		return "ok";
	case REPORT_CHANGED:
		return "changed";
	case REPORT_SKIPPED:
		return "skipped";
	case REPORT_FAILED:
		return "failed";
	case REPORT_IGNORED:
		return "ignored";
	case REPORT_RESCUED:
		return "rescued";
	case REPORT_UNREACHABLE:
		return "unreachable";
	case REPORT_UNKNOWN:
		return "unknown";
	}
	return "?";
}

const char *report_kind_name(enum report_kind k)
{
	switch (k) {
	case REPORT_RUN_STARTED:
		return "run_started";
	case REPORT_STEP_STARTED:
		return "step_started";
	case REPORT_HOST_STATE:
		return "host_state";
	case REPORT_TASK_STARTED:
		return "task_started";
	case REPORT_ITEM:
		return "item";
	case REPORT_RESULT:
		return "result";
	case REPORT_RETRY:
		return "retry";
	case REPORT_OUTPUT:
		return "output";
	case REPORT_TASK_ENDED:
		return "task_ended";
	case REPORT_STEP_ENDED:
		return "step_ended";
	case REPORT_WARNING:
		return "warning";
	case REPORT_RUN_ENDED:
		return "run_ended";
	}
	return "?";
}

const char *report_host_state_name(enum report_host_state s)
{
	switch (s) {
	case REPORT_HOST_BOOTING:
		return "booting";
	case REPORT_HOST_CONNECTING:
		return "connecting";
	case REPORT_HOST_RETRYING:
		return "retrying";
	case REPORT_HOST_UP:
		return "up";
	case REPORT_HOST_DOWN:
		return "down";
	case REPORT_HOST_DONE:
		return "done";
	}
	return "?";
}

#!/bin/sh
# Enforces docs/architecture.md's table of layers: which layer may include
# which layer's headers, that a private header stays in its folder, and that
# layers below the programs neither print nor exit.
set -eu
cd "${ROLLOUT_SOURCE_DIR:-$(dirname "$0")/..}"

table='
base:
value: base
diff: base
http: base
vault: value
template: value diff vault http
wire: value
host: value diff
module: host
agent: wire module
inventory: template
plan: inventory module
transport: base
report: wire diff
pki: module
run: plan transport wire report pki inventory template module http
vm: value transport http
cli: run vm pki inventory plan report template agent
'
# Data without dependencies, made at build time: rollout/agent/image.h.
image_users=' run cli agent '

files=$(find src include -name '*.[ch]' | sort)
bad=$(
	# shellcheck disable=SC2086
	grep -nH '^[ \t]*#[ \t]*include[ \t]*"' $files /dev/null | awk -v table="$table" -v images="$image_users" '
	function reach(layer, from, n, i, part) {
		if (seen[from, layer]++) return
		ok[from, layer] = 1
		n = split(uses[layer], part, " ")
		for (i = 1; i <= n; i++) reach(part[i], from)
	}
	BEGIN {
		n = split(table, line, "\n")
		for (i = 1; i <= n; i++) if (line[i] ~ /:/) {
			layer = line[i]; sub(/:.*/, "", layer)
			uses[layer] = line[i]; sub(/^[^:]*:/, "", uses[layer])
			order[++count] = layer
		}
		for (i = 1; i <= count; i++) reach(order[i], order[i])
	}
	{
		split($0, place, ":")
		name = $0; sub(/^[^"]*"/, "", name); sub(/".*/, "", name)
		k = split(place[1], dir, "/")
		mine = dir[1] == "src" ? dir[2] : dir[3]
		where = place[1] ":" place[2] ": "
		if (!(mine in uses)) { print where "no layer of the name " mine; next }
		if (name !~ /^rollout\//) {
			if (dir[1] == "include") print where "a public header includes only public ones"
			else if (name ~ /^\// || gsub(/\.\.\//, "../", name) > k - 3) print where name " is outside of the layer"
			next
		}
		split(name, to, "/")
		if (name == "rollout/agent/image.h" && index(images, " " mine " ")) next
		if (mine == "agent" && place[1] ~ /^src\/agent\/embed\//) next
		if (!((mine, to[2]) in ok)) print where mine " may not include " to[2]
	}'
	# shellcheck disable=SC2086
	grep -nHE '(^|[^A-Za-z0-9_"])(printf|puts|perror|exit|err|warn)\(' $files /dev/null |
		grep -vE '^(src/(cli|agent)/|src/[a-z]+/main\.c)|:[0-9]+:[ \t]*(/?\*|//)' |
		sed 's/$/   <- a library prints or exits/' || true
)
if [ -n "$bad" ]; then
	printf '%s\n' "$bad"
	exit 1
fi

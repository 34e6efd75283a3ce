"""TIMES renderings of TEMPLATE with VARS; prints the seconds of processor time."""
import json
import sys
import time

import jinja2

with open(sys.argv[1], encoding="utf-8") as source:
    variables = json.load(source)
env = jinja2.Environment(loader=jinja2.FileSystemLoader("."), trim_blocks=True, keep_trailing_newline=True,
                         undefined=jinja2.StrictUndefined)
template = env.get_template(sys.argv[2])
start = time.process_time()
for _ in range(int(sys.argv[3])):
    text = template.render(variables)
seconds = time.process_time() - start
print(text, file=sys.stderr, end="") if len(sys.argv) > 4 else None
print(seconds)

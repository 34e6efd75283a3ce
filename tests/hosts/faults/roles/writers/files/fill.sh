#!/bin/sh
cat "$1/f" >"$1/new"

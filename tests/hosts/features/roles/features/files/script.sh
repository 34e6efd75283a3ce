#!/bin/sh
echo "$1"
id -un

#!/bin/sh -e
[ "$1" = "a b" ]

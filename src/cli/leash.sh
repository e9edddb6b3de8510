#!/bin/sh
# Starts workerd so that it never outlives the server that started it, even one ended by kill -9.
#
# Miniflare gives workerd a control pipe as descriptor 3 and sends nothing through it: the end of that pipe is the
# server's death, seen at once and without polling. The watcher keeps that descriptor and no other.

if [ -n "${PORTICO_PID_FILE:-}" ]; then echo "$$" >"$PORTICO_PID_FILE"; fi

(
  exec <&3 3<&- >/dev/null 2>&1
  while read -r _; do :; done
  # The pid may be someone else's by now.
  case "$(cat "/proc/$$/comm" || ps -o comm= -p "$$")" in
    *workerd*) kill -9 "$$" ;;
  esac
  # A server that lives removes its temporary folder by itself; one that was killed may take a moment to vanish.
  for _ in 1 2 3 4 5; do
    if [ ! -d "${PORTICO_SCRATCH:-}" ]; then break; fi
    if kill -0 "$PPID"; then sleep 0.2; else rm -rf "$PORTICO_SCRATCH"; fi
  done
) &

# workerd's allocator takes a stack trace of a sample of its allocations, by frame pointers, and follows one for up to
# 100,000 bytes. Its HTTP parser (Rust) keeps other things in that register: now and then a trace ran over the end of the
# main thread's stack, which ended the process. The environment lies at that end, so a large one keeps every trace within.
PORTICO_STACK_MARGIN=$(printf '%0120000d' 0)
export PORTICO_STACK_MARGIN
# Where that is more than a program may be given (a small stack, as ulimit sets it), it runs without.
env true "$PORTICO_WORKERD" "$@" 2>/dev/null || unset PORTICO_STACK_MARGIN

exec "$PORTICO_WORKERD" "$@"

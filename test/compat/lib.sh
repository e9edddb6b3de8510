# shellcheck shell=bash
# What the clients' shell scripts share: a check, its assertions, and a time limit for every command.
# A script sets CLIENT, sources this file, and calls `check "sentence" function` for each check.
set -euo pipefail

URL=$COMPAT_ENDPOINT
FILES=$COMPAT_FILES
BUCKET=compat-$CLIENT-$$-$RANDOM # a bucket of this run's own, also on an endpoint that others use
export URL FILES BUCKET
cd "$COMPAT_WORK"

# Runs the function in a shell that ends at the first command to fail, and prints the check's one line.
check() { # sentence function…
  local sentence=$1 status
  shift
  # Not in an `if` or `||`: there bash would go on after a command has failed.
  set +e
  (
    set -eE -o pipefail
    trap 'failed_with $?' ERR
    "$@"
  ) >check.log 2>&1 </dev/null
  status=$?
  set -e
  if [ "$status" -eq 0 ]; then
    printf 'ok %s: %s\n' "$CLIENT" "$sentence"
  else
    printf 'FAIL %s: %s — %s\n' "$CLIENT" "$sentence" \
      "$([ "$status" -ne 124 ] || printf 'time limit; ')$(grep -v '^[[:space:]]*$' check.log | tail -n 4 | tr '\n\r' '; ' | cut -c 1-600)"
  fi
}

# Names the line that failed in the check's function: before it, the outermost frames are `check` and the script.
failed_with() { # status
  echo "(line ${BASH_LINENO[${#BASH_LINENO[@]} - 4]})" >&2
  exit "$1"
}

# `--foreground` keeps the command in the script's process group, so that it ends with the script.
limited() { timeout --foreground -k 5 "${LIMIT:-60}" "$@"; }

no() {
  echo "$*" >&2
  exit 1
}

equal() { # expected actual
  [ "$1" = "$2" ] || no "expected '$1', got '$2'"
}

contains() { # text pattern
  grep -qE -- "$2" <<<"$1" || no "no /$2/ in '$1'"
}

lacks() { # text pattern
  if grep -qE -- "$2" <<<"$1"; then no "/$2/ in '$1'"; fi
}

same() { # file file
  limited cmp -- "$1" "$2"
}

same_tree() { # folder folder
  limited diff -r -- "$1" "$2"
}

# The command must fail, and say so in words that match the pattern.
refused() { # pattern command…
  local pattern=$1 output
  shift
  if output=$("$@" 2>&1); then no "succeeded: $*"; fi
  contains "$output" "$pattern"
}

# Fetches a URL into a file and prints the status.
fetch() { # file url [curl option…]
  local file=$1 url=$2
  shift 2
  limited curl -q -sS -o "$file" -w '%{http_code}' "$@" "$url"
}

# A link with a signature of version 2 is refused by an endpoint that does without it, in words that say what to do.
refuses_version_2() { # link
  [[ $1 == *AWSAccessKeyId=* && ${COMPAT_SIGNATURE_2:-} != 1 ]] || return 1
  equal 400 "$(fetch back "$1")"
  contains "$(cat back)" '<Code>InvalidRequest</Code>.*AWS4-HMAC-SHA256'
}

make_tree() { # folder
  mkdir -p "$1/deep/er"
  local i
  for i in $(seq 10); do head -c "$((i * 100))" /dev/urandom >"$1/file-$i"; done
  head -c 3000 /dev/urandom >"$1/deep/er/b c+d.bin"
  echo changing >"$1/changing.txt"
  echo doomed >"$1/deep/doomed.txt"
  # S3's times have whole seconds: a file of this very second would seem newer than its own upload.
  find "$1" -type f -exec touch -d '1 hour ago' {} +
}

change_tree() { # folder
  echo 'changed since' >"$1/changing.txt"
  rm "$1/deep/doomed.txt"
  echo new >"$1/deep/new.txt"
}

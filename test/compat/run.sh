#!/usr/bin/env bash
# Runs S3's own clients against Portico, on their defaults: `npm run compat`.
#
# Portico is started as `npm start` and as `npm run dev`, and every client runs against each; then with
# `--legacy-acl`, for what boto3 expects of that alone. The README's recipes for keys run as they stand there, against
# `npm start`: they make users and buckets of everyday names, so against an ENDPOINT only when COMPAT_CLIENTS names them.
# One line per check: `ok client: sentence` or `FAIL client: sentence — reason`.
# The last line is `N passed, N failed`; the exit status is 1 if a check failed or none ran.
#
#   ENDPOINT=http://host:port   run against this endpoint instead of starting Portico
#   COMPAT_ACCESS_KEY, COMPAT_SECRET_KEY, COMPAT_REGION   its keys and region (Portico's defaults otherwise)
#   COMPAT_DOT_KEYS=1           with ENDPOINT: also keys with `.` and `..` segments
#   COMPAT_ENCODED=1            with ENDPOINT: also objects with Content-Encoding: gzip
#   COMPAT_SIGNATURE_2=0        signatures of version 2 must be refused; otherwise they must work
#   COMPAT_CLIENTS="aws boto3"  only these of aws, boto3, rclone, s3cmd, javascript, browser, recipes
#   COMPAT_SERVERS="start"      only these of start, dev, legacy
#   COMPAT_ALLOW_MISSING=1      a client that cannot be had is left out instead of failing
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/../.."

NODE=$PWD/node_modules/.bin/node
CLIENTS=${COMPAT_CLIENTS:-aws boto3 rclone s3cmd javascript browser$([ -n "${ENDPOINT:-}" ] || echo ' recipes')}
SERVERS=${COMPAT_SERVERS:-start dev legacy}
CLIENT_LIMIT=400 # seconds for all the checks of one client
SERVER_LIMIT=1800 # seconds a server may live

ROOT=$(mktemp -d)
RESULTS=$ROOT/results
: >"$RESULTS"
declare -A RUNNING # the leaders of the process groups that have been started

# --- Processes: each is the leader of its own group, so that nothing of it stays behind ---

# `timeout` makes the command a group of its own, and ends the whole group when the time is up.
begin() { # seconds command…
  timeout -k 10 "$@" </dev/null &
  LAST=$!
  RUNNING[$LAST]=1
}

end_group() {
  kill -TERM -- "-$1" 2>/dev/null || kill -TERM "$1" 2>/dev/null || true
  for _ in $(seq 50); do
    kill -0 -- "-$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL -- "-$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
  unset "RUNNING[$1]"
}

finish() {
  local status=$?
  trap - EXIT INT TERM HUP
  local group
  # The youngest first: the client before the server that it talks to.
  for group in $(printf '%s\n' "${!RUNNING[@]}" | sort -rn); do end_group "$group"; done
  rm -rf "$ROOT"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

report() { printf '%s\n' "$1" | tee -a "$RESULTS"; }

last_words() { # file
  grep -v '^[[:space:]]*$' "$1" | tail -n 5 | tr -s '[:space:]' ' ' | cut -c 1-600
}

# --- Tools ---

boto3_python() {
  local python
  for python in python3 /usr/bin/python3; do
    if command -v "$python" >/dev/null && timeout 30 "$python" -c 'import boto3' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  return 1
}

chromium_command() {
  command -v chromium || command -v chromium-headless-shell
}

has() { # a Debian package's tool
  case $1 in
    awscli) command -v aws >/dev/null ;;
    python3-boto3) boto3_python >/dev/null ;;
    chromium) chromium_command >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

packages_of() { # the packages that a client needs, beside the Node of this clone
  case $1 in
    aws) echo awscli curl ;;
    boto3) echo python3-boto3 curl ;;
    javascript) ;;
    browser) echo chromium ;;
    recipes) echo awscli python3-boto3 curl ;;
    *) echo "$1" curl ;;
  esac
}

install_missing() {
  local missing=() package
  for package in "$@"; do
    has "$package" || missing+=("$package")
  done
  if [ "${#missing[@]}" -eq 0 ]; then return; fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  echo "== installing ${missing[*]} =="
  (
    export DEBIAN_FRONTEND=noninteractive
    timeout 300 "${as_root[@]}" apt-get update
    # A package that cannot be had must not keep the others from being installed.
    for package in "${missing[@]}"; do
      install="timeout 600 ${as_root[*]} apt-get install -y --no-install-recommends"
      $install "$package" || { [ "$package" = chromium ] && $install chromium-headless-shell; } || true
    done
  ) >"$ROOT/apt.log" 2>&1 || true
}

# Leaves in READY those of the clients whose tools are there; the others have failed.
check_tools() {
  READY=()
  local client package missing
  for client in $CLIENTS; do
    missing=''
    case $client in
      javascript | browser | recipes) [ -x "$NODE" ] || missing=node ;;
    esac
    for package in $(packages_of "$client"); do has "$package" || missing=$package; done
    if [ -z "$missing" ]; then
      READY+=("$client")
    elif [ "${COMPAT_ALLOW_MISSING:-}" = 1 ]; then
      echo "left out $client: $missing is not installed"
    else
      report "FAIL $client: $missing is installed — not found, and apt-get could not install it: $(tail -n 1 "$ROOT/apt.log" 2>/dev/null || true)"
    fi
  done
}

# --- Settings: only what this script gives the clients counts, never the user's own ---

isolate() {
  local name
  for name in $(compgen -v AWS_) $(compgen -v RCLONE_) $(compgen -v S3CMD_) $(compgen -v BOTO_); do
    unset "$name"
  done
  export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
  export AWS_EC2_METADATA_DISABLED=true AWS_PAGER=''
  export RCLONE_CONFIG=/dev/null
  export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
  export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 LC_ALL=C.UTF-8

  export COMPAT_ACCESS_KEY=${COMPAT_ACCESS_KEY:-portico}
  export COMPAT_SECRET_KEY=${COMPAT_SECRET_KEY:-portico-secret}
  export COMPAT_REGION=${COMPAT_REGION:-us-east-1}
  export COMPAT_SIGNATURE_2=${COMPAT_SIGNATURE_2:-1}
  export AWS_MAX_ATTEMPTS=1 # a request that fails once is a failure
  export COMPAT_FILES=$ROOT/files
  COMPAT_PYTHON=$(boto3_python || true)
  COMPAT_CHROMIUM=$(chromium_command || true)
  export COMPAT_PYTHON COMPAT_CHROMIUM
}

make_files() {
  mkdir "$COMPAT_FILES"
  : >"$COMPAT_FILES/0B"
  head -c 1024 /dev/urandom >"$COMPAT_FILES/1KB"
  head -c 20M /dev/urandom >"$COMPAT_FILES/20MB"
  head -c 200M /dev/urandom >"$COMPAT_FILES/200MB"
}

# --- Clients ---

run_client() { # client
  local client=$1 command status=0 before after
  case $client in
    boto3) command=("$COMPAT_PYTHON" "$HERE/boto3_checks.py") ;;
    javascript | browser) command=("$NODE" "$HERE/$client.ts") ;;
    *) command=(bash "$HERE/$client.sh") ;;
  esac
  export COMPAT_WORK=$ROOT/work-$client
  mkdir "$COMPAT_WORK"
  before=$(wc -l <"$RESULTS")
  local started=$SECONDS
  begin "$CLIENT_LIMIT" "${command[@]}" >"$ROOT/out-$client" 2>"$ROOT/err-$client"
  local pid=$LAST
  # Each line is shown as soon as it is there.
  tail -n +1 -s 0.2 --pid="$pid" -f "$ROOT/out-$client" 2>/dev/null | tee -a "$RESULTS" &
  local shown=$!
  wait "$pid" || status=$?
  wait "$shown" || true
  end_group "$pid"
  after=$(wc -l <"$RESULTS")
  if [ "$status" -ne 0 ]; then
    report "FAIL $client: every check runs to its end — exit status $status: $(last_words "$ROOT/err-$client")"
  elif [ "$before" -eq "$after" ]; then
    report "FAIL $client: every check runs to its end — none ran"
  fi
  echo "== $client took $((SECONDS - started)) s =="
  rm -rf "$COMPAT_WORK"
}

run_clients() { # url
  export COMPAT_ENDPOINT=$1
  local client
  for client in "${READY[@]}"; do
    [ "$client" = "${LEFT_OUT:-}" ] || run_client "$client"
  done
}

# --- Portico ---

healthy() { timeout 5 curl -q -fsS -o /dev/null "$1/_portico/health" 2>/dev/null; }

run_against() { # server, seconds to become ready, command…
  local server=$1 seconds=$2 port url pid
  shift 2
  port=$("$NODE" -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
  url=http://127.0.0.1:$port
  mkdir "$ROOT/data-$server"
  echo "== $server =="
  local started=$SECONDS
  begin "$SERVER_LIMIT" "$@" --port "$port" --data "$ROOT/data-$server" >"$ROOT/log-$server" 2>&1
  pid=$LAST
  until healthy "$url"; do
    local why=''
    kill -0 "$pid" 2>/dev/null || why='it has ended'
    [ $((SECONDS - started)) -lt "$seconds" ] || why="not within $seconds s"
    if [ -n "$why" ]; then
      report "FAIL portico: $server becomes ready — $why: $(last_words "$ROOT/log-$server")"
      end_group "$pid"
      return
    fi
    sleep 0.2
  done
  report "ok portico: $server becomes ready"
  run_clients "$url"
  if healthy "$url"; then
    report "ok portico: $server still answers after all clients"
  else
    report "FAIL portico: $server still answers after all clients — $(last_words "$ROOT/log-$server")"
  fi
  end_group "$pid"
  rm -rf "$ROOT/data-$server"
}

# --- All of it ---

packages=(curl)
for client in $CLIENTS; do
  for package in $(packages_of "$client"); do
    [[ " ${packages[*]} " == *" $package "* ]] || packages+=("$package")
  done
done
install_missing "${packages[@]}"
isolate
check_tools
make_files

if [ -n "${ENDPOINT:-}" ]; then
  export COMPAT_DOT_KEYS=${COMPAT_DOT_KEYS:-0} COMPAT_ENCODED=${COMPAT_ENCODED:-0}
  run_clients "${ENDPOINT%/}"
else
  for server in $SERVERS; do
    case $server in
      start)
        export COMPAT_DOT_KEYS=1 COMPAT_ENCODED=1
        run_against 'npm start' 60 "$NODE" src/cli/portico.mjs serve
        ;;
      dev)
        # wrangler dev resolves dots before Portico sees them, and unpacks gzip after Portico has sent it.
        export COMPAT_DOT_KEYS=0 COMPAT_ENCODED=0
        LEFT_OUT=recipes # slow, and not about the server's two ways of running
        run_against 'npm run dev' 60 "$NODE" src/cli/portico.mjs dev
        LEFT_OUT=''
        ;;
      legacy)
        [[ " ${READY[*]} " == *' boto3 '* ]] || continue
        all=("${READY[@]}")
        READY=(boto3)
        export COMPAT_LEGACY_ACL=1 COMPAT_DOT_KEYS=1 COMPAT_ENCODED=1
        run_against 'npm start -- --legacy-acl' 60 "$NODE" src/cli/portico.mjs serve --legacy-acl
        unset COMPAT_LEGACY_ACL
        READY=("${all[@]}")
        ;;
    esac
  done
fi

passed=$(grep -c '^ok ' "$RESULTS" || true)
failed=$(grep -c '^FAIL ' "$RESULTS" || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

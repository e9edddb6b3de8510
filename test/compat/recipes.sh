#!/usr/bin/env bash
# The README's recipes for keys: their commands are taken out of its text and run, and then it is tried what each key
# may do and what not. Nothing of it is taken away again: it is for a server that is.
# shellcheck disable=SC2317 # the functions are called by `check`
set -euo pipefail
CLIENT=recipes
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
source "$HERE/lib.sh"

README=$HERE/../../README.md
NODE=$HERE/../../node_modules/.bin/node
PATH=$(dirname "$COMPAT_PYTHON"):$PATH # whose python3 has boto3
export AWS_ACCESS_KEY_ID=$COMPAT_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$COMPAT_SECRET_KEY
export AWS_DEFAULT_REGION=$COMPAT_REGION AWS_ENDPOINT_URL=$URL

cli_version() { command aws --version 2>&1 | sed -E 's/^aws-cli\/([0-9.]+).*/\1/'; }

# Whether the CLI is at least of this version of its own line, 1 or 2.
cli_since() { # version-of-1 version-of-2
  local version least=$1
  version=$(cli_version)
  [[ $version != 2.* ]] || least=$2
  printf '%s\n' "$least" "$version" | sort -V -C
}

# Older ones do not know AWS_ENDPOINT_URL; the README tells them what to do.
if cli_since 1.29.0 2.13.0; then
  aws() { limited aws "$@"; }
else
  aws() { limited aws --endpoint-url "$URL" "$@"; }
fi
export -f aws limited

# --- The README's text ---

# Leaves each fenced block in `<heading>.<number>.<language>`, and the commands that its comments name, behind
# a colon, in `<heading>.hint`.
extract() {
  awk '
    /^## / { inside = /^## Give someone a key that may only …$/ }
    !inside { next }
    /^### … / { title = substr($0, index($0, "… ") + length("… ")); count = 0; print title > "titles" }
    /^```./ { block = title "." ++count "." substr($0, 4); next }
    /^```$/ { close(block); block = ""; next }
    block == "" { next }
    { print > block }
    /^# .*: (aws|curl) / { hint = $0; sub(/^# [^:]*: /, "", hint); print hint > (title ".hint") }
  ' "$README"
  sed -i "s|http://127\.0\.0\.1:9000|$URL|g" -- *.sh *.python *.hint
}

# Runs the block as it stands, and keeps what it prints.
block() { # heading number language
  local file="$1.$2.$3"
  [ -s "$file" ] || no "the README has no block '$file'"
  echo "$1" >>ran
  case $3 in
    sh) bash -euo pipefail "$file" >"$file.out" ;;
    python) limited python3 "$file" >"$file.out" ;;
    *) no "nothing runs $3" ;;
  esac
  # What create-access-key has printed: user, id, secret.
  awk -F '"' '
    /"UserName"/ { user = $4 }
    /"AccessKeyId"/ { id = $4 }
    /"SecretAccessKey"/ { secret = $4 }
    /}/ && secret != "" { print user, id, secret; secret = "" }
  ' "$file.out" >>keys
}

hint() { # heading
  [ -s "$1.hint" ] || no "the README has no hint for '$1'"
  bash -euo pipefail "$1.hint"
}

# Runs a command with the key that a recipe has made for this user.
as() { # user command…
  local user=$1 id secret
  shift
  read -r id secret < <(awk -v user="$user" '$1 == user { print $2, $3 }' keys) || no "no key for $user"
  AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret "$@"
}

put() { aws s3api put-object --bucket "$1" --key "$2" --body "$FILES/1KB"; }
get() { aws s3api get-object --bucket "$1" --key "$2" back; }
remove() { aws s3api delete-object --bucket "$1" --key "$2"; }
list() { aws s3api list-objects-v2 --bucket "$1" --prefix "$2"; }
denied() { refused 'AccessDenied|Forbidden' "$@"; }

# Any client's If-None-Match: also that of one that has no option for it.
put_new() { # bucket key
  limited python3 - "$URL" "$@" <<'PYTHON'
import sys
import boto3
s3 = boto3.client("s3", endpoint_url=sys.argv[1])
new_only = lambda request, **_: request.headers.add_header("If-None-Match", "*")
s3.meta.events.register("before-sign.s3.PutObject", new_only)
s3.put_object(Bucket=sys.argv[2], Key=sys.argv[3], Body=b"new")
PYTHON
}

# Uploads by a form, and prints the status.
post_form() { # bucket key
  local fields
  fields=$(
    limited python3 - "$URL" "$@" <<'PYTHON'
import sys
import boto3
s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1")
for name, value in s3.generate_presigned_post(sys.argv[2], sys.argv[3])["fields"].items():
    print(f"{name}={value}")
PYTHON
  )
  mapfile -t fields <<<"$fields"
  fetch back "$URL/$1" "${fields[@]/#/-F}" -F "file=@$FILES/1KB"
}

touch keys ran titles
extract

# --- … write below one prefix ---

camera_made() { block 'write below one prefix' 1 sh; }
check 'write below one prefix: the commands run as written' camera_made

camera_tried() {
  as camera put photos incoming/small
  as camera aws s3 cp --no-progress "$FILES/20MB" s3://photos/incoming/in-parts
  get photos incoming/in-parts
  same "$FILES/20MB" back
  denied as camera put photos elsewhere
  denied as camera put photos incoming
  denied as camera get photos incoming/small
  denied as camera list photos incoming/
  denied as camera remove photos incoming/small
  denied as camera aws s3 ls
  denied as camera aws iam create-access-key --user-name camera
}
check 'write below one prefix: so it may, in parts too, and nothing else' camera_tried

camera_ended() {
  local id
  id=$(awk '$1 == "camera" { print $2 }' keys)
  aws iam delete-access-key --user-name camera --access-key-id "$id"
  gone() { ! as camera put photos incoming/late >late.log 2>&1 && grep -q InvalidAccessKeyId late.log; }
  for _ in $(seq 70); do
    if gone; then return; fi
    sleep 1
  done
  no "$(cat late.log)"
}
check 'a key that is deleted is refused within 60 s' camera_ended

# --- … read one bucket ---

auditor_made() { block 'read one bucket' 1 sh; }
check 'read one bucket: the commands run as written' auditor_made

auditor_tried() {
  put reports 2026/may
  as auditor get reports 2026/may
  same "$FILES/1KB" back
  contains "$(as auditor aws s3 ls s3://reports/2026/)" ' may$'
  contains "$(as auditor aws s3api get-bucket-location --bucket reports)" LocationConstraint
  denied as auditor put reports 2026/may
  denied as auditor remove reports 2026/may
  denied as auditor get photos incoming/small
  denied as auditor list photos ''
}
check 'read one bucket: so it may, and nothing else' auditor_tried

# --- … upload, but never delete or overwrite ---

backup_made() { block 'upload, but never delete or overwrite' 1 sh; }
check 'upload, but never delete or overwrite: the commands run as written' backup_made

backup_tried() {
  as backup put_new archive monday
  refused 'PreconditionFailed' as backup put_new archive monday
  denied as backup put archive monday
  denied as backup put archive tuesday
  denied as backup aws s3api copy-object --bucket archive --key tuesday --copy-source archive/monday
  denied as backup remove archive monday
  denied as backup aws s3api delete-object --bucket archive --key monday --version-id null
  contains "$(as backup aws s3api delete-objects --bucket archive --delete 'Objects=[{Key=monday}]')" AccessDenied
  denied as backup aws s3 mv --no-progress s3://archive/monday s3://archive/tuesday
  denied as backup aws s3 cp --no-progress "$FILES/20MB" s3://archive/monday
  equal 204 "$(post_form archive posted)"
  equal 403 "$(as backup post_form archive monday)"
  equal 403 "$(as backup post_form archive posted-too)"
  as backup get archive monday
  equal new "$(cat back)"
  if cli_since 1.34.0 2.17.36; then
    cp "$FILES/1KB" monday.tar
    as backup hint 'upload, but never delete or overwrite'
    refused PreconditionFailed as backup hint 'upload, but never delete or overwrite'
  fi
}
check 'upload, but never delete or overwrite: neither whole, nor in parts, by copy, move or version' backup_tried

# --- … see their own home directory ---

staff_made() { block 'see their own home directory' 1 sh; }
check 'see their own home directory: the commands run as written' staff_made

staff_tried() {
  as alice put home alice/letter
  as bob put home bob/letter
  contains "$(as alice hint 'see their own home directory')" ' letter$'
  as alice get home alice/letter
  denied as alice list home bob/
  denied as alice list home ''
  denied as alice list home alice
  denied as alice get home bob/letter
  denied as alice put home bob/letter
  denied as alice remove home bob/letter
  denied as bob list home alice/
  as alice remove home alice/letter
}
check 'see their own home directory: each sees and changes their own only' staff_tried

# --- … publish for an hour, from a CI job ---

ci_made() { block 'publish for an hour, from a CI job' 1 sh; }
check 'publish for an hour: the commands run as written' ci_made

ci_tried() {
  local job='publish for an hour, from a CI job'
  ROLE=$(tail -n 1 "$job.1.sh.out")
  export ROLE
  contains "$ROLE" '^arn:aws:iam::[0-9]{12}:role/publisher$'
  mkdir -p site
  echo home >site/index.html
  put site old.html
  denied as ci put site index.html
  denied as alice aws sts assume-role --role-arn "$ROLE" --role-session-name alice
  # The job goes on where the recipe ends.
  cat >>"$job.2.sh" <<'JOB'
aws sts get-caller-identity
refused() { if "$@" 2>&1; then exit 1; fi | grep -q AccessDenied; }
refused aws s3 cp site/index.html s3://photos/index.html
refused aws iam list-users
unset AWS_SESSION_TOKEN
if aws s3 ls s3://site >without-token 2>&1; then exit 1; fi
JOB
  as ci block "$job" 2 sh
  contains "$(cat "$job.2.sh.out")" 'assumed-role/publisher/build-42'
  contains "$(cat without-token)" 'InvalidAccessKeyId|InvalidToken|AccessDenied'
  get site index.html
  same site/index.html back
  refused 'NoSuchKey|404' get site old.html
}
check 'publish for an hour: the job takes on the role, syncs, and may do nothing else' ci_tried

# --- … read what carries a tag ---

partner_made() { block 'read what carries a tag' 1 sh; }
check 'read what carries a tag: the commands run as written' partner_made

partner_tried() {
  put films a.mp4
  put films b.mp4
  denied as partner get films a.mp4
  hint 'read what carries a tag'
  as partner get films a.mp4
  denied as partner get films b.mp4
  denied as partner aws s3api put-object-tagging --bucket films --key b.mp4 \
    --tagging 'TagSet=[{Key=status,Value=released}]'
  aws s3api delete-object-tagging --bucket films --key a.mp4
  denied as partner get films a.mp4
}
check 'read what carries a tag: so it may, and gives no tags' partner_tried

# --- … and without any key ---

public_made() { block 'and without any key: a public folder' 1 sh; }
check 'a public folder: the commands run as written' public_made

public_tried() {
  put assets public/logo.svg
  put assets private.svg
  hint 'and without any key: a public folder' >back
  same "$FILES/1KB" back
  equal 403 "$(fetch back "$URL/assets/private.svg")"
  equal 403 "$(fetch back "$URL/assets?list-type=2")"
  equal 403 "$(fetch back "$URL/assets/public/logo.svg" -X DELETE)"
  equal 403 "$(fetch back "$URL/assets/public/new" -T "$FILES/1KB")"
}
check 'a public folder: all may read it, and nothing else' public_tried

FORM='and without any key: an upload from a browser, images of at most 5 MB'
form_made() { block "$FORM" 1 python; }
check 'an upload from a browser: the script runs as written' form_made

# The README's lines for the page, with the file that a person has chosen, and the answer shown.
post() { # size type
  {
    echo "const { url, fields } = $(cat "$FORM.1.python.out");"
    echo "const file = new File([new Uint8Array($1)], 'cat.png', { type: '$2' });"
    echo 'const send = globalThis.fetch;'
    echo 'globalThis.fetch = async (...asked) => {'
    echo '  const answer = await send(...asked);'
    echo '  console.log(answer.status, (await answer.text()).replaceAll("\n", " "));'
    echo '};'
    cat "$FORM.2.js"
  } >page.mjs
  limited "$NODE" page.mjs
}

form_tried() {
  contains "$(post 5000000 image/png)" '^204 '
  equal 5000000 "$(aws s3api head-object --bucket photos --key uploads/cat.png --query ContentLength --output text)"
  contains "$(post 5000001 image/png)" '^400 .*<Code>EntityTooLarge<'
  contains "$(post 0 image/png)" '^400 .*<Code>EntityTooSmall<'
  contains "$(post 10 text/html)" '^403 .*<Code>AccessDenied<'
  equal 5000000 "$(aws s3api head-object --bucket photos --key uploads/cat.png --query ContentLength --output text)"
}
check 'an upload from a browser: images of at most 5 MB by the lines for the page, and nothing else' form_tried

all_ran() {
  [ "$(wc -l <titles)" -ge 5 ] || no "the README's section has fewer than five recipes"
  equal "$(sort -u titles)" "$(sort -u ran)"
}
check 'every recipe of the section has run' all_ran

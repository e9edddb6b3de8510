#!/usr/bin/env bash
# s3cmd, with a configuration that holds the endpoint and the keys.
# shellcheck disable=SC2317 # the functions are called by `check`
set -euo pipefail
CLIENT=s3cmd
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host=${URL#*://}
cat >config <<CONFIG
[default]
access_key = $COMPAT_ACCESS_KEY
secret_key = $COMPAT_SECRET_KEY
host_base = $host
host_bucket = $host
use_https = $([[ $URL == https:* ]] && echo True || echo False)
CONFIG

s3cmd() { limited s3cmd --config "$COMPAT_WORK/config" --no-progress "$@"; }

mb() {
  s3cmd mb "s3://$BUCKET"
  contains "$(s3cmd ls)" " s3://$BUCKET\$"
}
check 'mb makes a bucket and ls lists it' mb

put_get() {
  local file
  for file in 0B 1KB; do
    s3cmd put "$FILES/$file" "s3://$BUCKET/files/$file"
    s3cmd get --force "s3://$BUCKET/files/$file" back
    same "$FILES/$file" back
  done
}
check 'put and get keep 0 bytes and 1 KB' put_get

multipart() {
  s3cmd put --multipart-chunk-size-mb=5 "$FILES/20MB" "s3://$BUCKET/files/20MB"
  s3cmd get --force "s3://$BUCKET/files/20MB" back
  same "$FILES/20MB" back
  contains "$(s3cmd info "s3://$BUCKET/files/20MB")" 'File size: *20971520$'
  equal '' "$(s3cmd multipart "s3://$BUCKET" | grep 20MB || true)"
}
check 'put in parts of 5 MB and get keep 20 MB' multipart

from_stdin() {
  s3cmd put --multipart-chunk-size-mb=5 - "s3://$BUCKET/streamed" <"$FILES/20MB"
  s3cmd get "s3://$BUCKET/streamed" - >back
  same "$FILES/20MB" back
}
check 'put from stdin and get to stdout keep 20 MB' from_stdin

resume() {
  head -c 5000000 "$FILES/20MB" >partial
  s3cmd get --continue "s3://$BUCKET/files/20MB" partial
  same "$FILES/20MB" partial
}
check 'get --continue fetches the rest of a file' resume

sync_up() {
  make_tree up
  s3cmd sync up/ "s3://$BUCKET/tree/"
  lacks "$(s3cmd sync up/ "s3://$BUCKET/tree/")" upload:
  mkdir down
  s3cmd sync "s3://$BUCKET/tree/" down/
  same_tree up down
}
check 'sync copies a folder up and down, and nothing the second time' sync_up

sync_changes() {
  change_tree up
  s3cmd sync --delete-removed up/ "s3://$BUCKET/tree/"
  s3cmd sync --delete-removed "s3://$BUCKET/tree/" down/
  same_tree up down
}
check 'sync --delete-removed carries a changed, a new and a deleted file, both ways' sync_changes

ls_folder() {
  local listed
  listed=$(s3cmd ls "s3://$BUCKET/tree/")
  contains "$listed" " DIR  s3://$BUCKET/tree/deep/\$"
  equal 12 "$(wc -l <<<"$listed")"
  listed=$(s3cmd ls --recursive "s3://$BUCKET/tree/")
  contains "$listed" " 3000  s3://$BUCKET/tree/deep/er/b c\+d\.bin\$"
  equal 13 "$(wc -l <<<"$listed")"
  contains "$(s3cmd du "s3://$BUCKET/files/")" "^ *20972544 +3 objects"
}
check 'ls lists a folder, and --recursive all below it; du sums it up' ls_folder

cp_mv() {
  s3cmd cp "s3://$BUCKET/files/1KB" "s3://$BUCKET/copies/ä one"
  s3cmd mv "s3://$BUCKET/copies/ä one" "s3://$BUCKET/copies/two"
  equal 1 "$(s3cmd ls "s3://$BUCKET/copies/" | wc -l)"
  s3cmd get --force "s3://$BUCKET/copies/two" back
  same "$FILES/1KB" back
}
check 'cp and mv within the bucket keep the bytes' cp_mv

modify() {
  s3cmd put --mime-type text/x-first "$FILES/1KB" "s3://$BUCKET/described"
  s3cmd modify --add-header 'x-amz-meta-colour: dark blue' "s3://$BUCKET/described"
  local about
  about=$(s3cmd info "s3://$BUCKET/described")
  contains "$about" 'MIME type: *text/x-first$'
  contains "$about" 'x-amz-meta-colour: dark blue$'
  contains "$about" "MD5 sum: *$(md5sum <"$FILES/1KB" | cut -d ' ' -f 1)\$"
}
check 'info shows type, MD5 and metadata, also after modify' modify

info_bucket() {
  contains "$(s3cmd info "s3://$BUCKET")" "Location: *$COMPAT_REGION\$"
}
check 'info of a bucket shows its location' info_bucket

signature_2() {
  if [[ ${COMPAT_SIGNATURE_2:-} != 1 ]]; then
    refused 'AWS4-HMAC-SHA256|InvalidRequest' s3cmd --signature-v2 ls
    return
  fi
  s3cmd --signature-v2 put "$FILES/1KB" "s3://$BUCKET/version 2/a+b"
  s3cmd --signature-v2 get --force "s3://$BUCKET/version 2/a+b" back
  same "$FILES/1KB" back
  s3cmd --signature-v2 put --multipart-chunk-size-mb=5 "$FILES/20MB" "s3://$BUCKET/version 2/parts"
  s3cmd --signature-v2 get --force "s3://$BUCKET/version 2/parts" back
  same "$FILES/20MB" back
  contains "$(s3cmd --signature-v2 ls "s3://$BUCKET/version 2/")" '/a[+]b'
  s3cmd --signature-v2 del --recursive --force "s3://$BUCKET/version 2/"
  equal '' "$(s3cmd ls --recursive "s3://$BUCKET/version 2/")"
}
check '--signature-v2 puts, gets, lists and deletes, or is refused with a reason' signature_2

signurl() {
  local link
  link=$(s3cmd signurl "s3://$BUCKET/files/1KB" +300)
  if refuses_version_2 "$link"; then return; fi # as s3cmd signs it up to now
  equal 200 "$(fetch back "$link")"
  same "$FILES/1KB" back
}
check 'signurl gives a link to the object, or one of version 2 that is refused with a reason' signurl

del() {
  s3cmd del "s3://$BUCKET/files/1KB"
  lacks "$(s3cmd ls "s3://$BUCKET/files/")" /1KB
  refused '404|NoSuchKey|does not exist' s3cmd get --force "s3://$BUCKET/files/1KB" back
  s3cmd del --recursive --force "s3://$BUCKET/tree/"
  equal '' "$(s3cmd ls --recursive "s3://$BUCKET/tree/")"
  contains "$(s3cmd ls "s3://$BUCKET/files/")" /20MB
}
check 'del removes an object, and --recursive a folder and nothing else' del

rb() {
  refused 'BucketNotEmpty|not empty' s3cmd rb "s3://$BUCKET"
  s3cmd rb --recursive --force "s3://$BUCKET"
  lacks "$(s3cmd ls)" "s3://$BUCKET\$"
}
check 'rb refuses a full bucket, and --recursive --force empties and removes it' rb

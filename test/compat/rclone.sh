#!/usr/bin/env bash
# rclone, as the provider "Other": it lists with the first version of ListObjects and keeps times as metadata.
# shellcheck disable=SC2317 # the functions are called by `check`
set -euo pipefail
CLIENT=rclone
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export RCLONE_CONFIG_X_TYPE=s3 RCLONE_CONFIG_X_PROVIDER=Other RCLONE_CONFIG_X_ENDPOINT=$URL
export RCLONE_CONFIG_X_ACCESS_KEY_ID=$COMPAT_ACCESS_KEY RCLONE_CONFIG_X_SECRET_ACCESS_KEY=$COMPAT_SECRET_KEY

# Without retries: a request that fails once is a failure.
rclone() { limited rclone --retries 1 --low-level-retries 1 "$@"; }

# Whether the two hold the same files, byte for byte, and nothing else.
checked() { # folder folder
  rclone check --download "$1" "$2"
}

mkdir_lsd() {
  rclone mkdir "x:$BUCKET"
  contains "$(rclone lsd x:)" " $BUCKET\$"
}
check 'mkdir makes a bucket and lsd lists it' mkdir_lsd

copy() {
  make_tree up
  rclone copy up "x:$BUCKET/tree"
  checked up "x:$BUCKET/tree"
  rclone copy "x:$BUCKET/tree" down
  same_tree up down
  equal "$(stat -c %Y up/file-1)" "$(stat -c %Y down/file-1)"
}
check 'copy carries a folder up and down, with its times, and check --download agrees' copy

lsf() {
  local listed
  listed=$(rclone lsf -R --files-only --format ps "x:$BUCKET/tree" | sort)
  equal "$(find up -type f -printf '%P;%s\n' | sort)" "$listed"
  equal $'changing.txt\ndeep/' "$(rclone lsf --exclude 'file-*' "x:$BUCKET/tree" | sort)"
}
check 'lsf lists a folder, and with -R all below it' lsf

sync_both() {
  change_tree up
  rclone sync up "x:$BUCKET/tree"
  checked up "x:$BUCKET/tree"
  contains "$(rclone sync --stats-one-line -v up "x:$BUCKET/tree" 2>&1)" 'nothing to transfer'
  rclone sync "x:$BUCKET/tree" down
  same_tree up down
}
check 'sync carries a changed, a new and a deleted file, both ways, and nothing the second time' sync_both

sync_times() {
  touch -d '2020-02-03 04:05:06 UTC' up/file-1
  rclone sync up "x:$BUCKET/tree"
  contains "$(rclone lsl "x:$BUCKET/tree/file-1")" '2020-02-03 04:05:06'
  checked up "x:$BUCKET/tree"
}
check 'sync of a new time alone sets it, and keeps the bytes' sync_times

cat_part() {
  equal 'changed since' "$(rclone cat "x:$BUCKET/tree/changing.txt")"
  rclone cat --offset 100 --count 50 "x:$BUCKET/tree/file-10" >part
  tail -c +101 up/file-10 | head -c 50 >expected
  same expected part
}
check 'cat gives a file, and a part of one' cat_part

moveto() {
  rclone moveto "x:$BUCKET/tree/file-2" "x:$BUCKET/moved/täxt 2"
  rclone copyto "x:$BUCKET/moved/täxt 2" back
  same up/file-2 back
  equal '' "$(rclone lsf --files-only --include file-2 "x:$BUCKET/tree")"
}
check 'moveto renames within the bucket' moveto

deletefile() {
  rclone deletefile "x:$BUCKET/moved/täxt 2"
  equal '' "$(rclone lsf -R --files-only --include '/moved/**' "x:$BUCKET")"
  refused "doesn't exist" rclone deletefile "x:$BUCKET/moved/täxt 2"
}
check 'deletefile removes a file' deletefile

rcat() {
  rclone rcat "x:$BUCKET/streamed" <"$FILES/20MB"
  rclone cat "x:$BUCKET/streamed" >back
  same "$FILES/20MB" back
  echo little | rclone rcat "x:$BUCKET/little"
  equal little "$(rclone cat "x:$BUCKET/little")"
}
check 'rcat keeps a stream of unknown length, 20 MB and a few bytes' rcat

multipart() {
  rclone copyto --s3-upload-cutoff 5M --s3-chunk-size 5M "$FILES/20MB" "x:$BUCKET/parts"
  rclone copyto "x:$BUCKET/parts" back
  same "$FILES/20MB" back
  contains "$(rclone md5sum "x:$BUCKET/parts")" "^$(md5sum <"$FILES/20MB" | cut -d ' ' -f 1) "
}
check 'copyto in parts of 5 MB keeps 20 MB' multipart

multipart_copy() {
  rclone copyto --s3-copy-cutoff 5M "x:$BUCKET/parts" "x:$BUCKET/parts again"
  rclone cat "x:$BUCKET/parts again" >back
  same "$FILES/20MB" back
}
check 'copyto within the bucket in parts of 5 MB keeps 20 MB' multipart_copy

link() {
  equal 200 "$(fetch back "$(rclone link --expire 5m "x:$BUCKET/little")")"
  equal little "$(cat back)"
}
check 'link gives a link to the object' link

purge() {
  rclone purge "x:$BUCKET/tree"
  equal $'little\nparts\nparts again\nstreamed' "$(rclone lsf -R "x:$BUCKET" | sort)"
  rclone purge "x:$BUCKET"
  lacks "$(rclone lsd x:)" " $BUCKET\$"
}
check 'purge empties a folder, and empties and removes a bucket' purge

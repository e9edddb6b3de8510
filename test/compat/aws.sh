#!/usr/bin/env bash
# The AWS CLI: `aws s3` and `aws s3api`, on its defaults (multipart from 8 MB on).
# shellcheck disable=SC2317 # the functions are called by `check`
set -euo pipefail
CLIENT=aws
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export AWS_ACCESS_KEY_ID=$COMPAT_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$COMPAT_SECRET_KEY
export AWS_DEFAULT_REGION=$COMPAT_REGION
OTHER=$BUCKET-other

aws() { limited aws --endpoint-url "$URL" "$@"; }
s3() { aws s3 "$@"; }
# One word or a tab-separated line of the answer.
ask() { # operation option… --query …
  aws s3api --output text "$@"
}

# --- aws s3 ---

mb() {
  s3 mb "s3://$BUCKET"
  s3 mb "s3://$OTHER"
  contains "$(s3 ls)" " $BUCKET\$"
}
check 's3 mb makes a bucket and s3 ls lists it' mb

copy_both_ways() { # file
  LIMIT=120
  s3 cp --no-progress "$FILES/$1" "s3://$BUCKET/files/$1"
  s3 cp --no-progress "s3://$BUCKET/files/$1" back
  same "$FILES/$1" back
  rm back
}
check 's3 cp up and down keeps 0 bytes' copy_both_ways 0B
check 's3 cp up and down keeps 1 KB' copy_both_ways 1KB
check 's3 cp up and down keeps 20 MB (multipart)' copy_both_ways 20MB
check 's3 cp up and down keeps 200 MB (multipart)' copy_both_ways 200MB

many_files() {
  LIMIT=10
  mkdir many
  local i
  for i in $(seq 12); do
    : >"many/empty-$i"
    echo "$i" >"many/small-$i"
  done
  s3 cp --no-progress --recursive many "s3://$BUCKET/many/"
  s3 cp --no-progress --recursive "s3://$BUCKET/many/" many-back
  same_tree many many-back
}
check 's3 cp --recursive carries empty and small files without stalling' many_files

streams() {
  s3 cp --no-progress - "s3://$BUCKET/stream" <"$FILES/20MB"
  s3 cp --no-progress "s3://$BUCKET/stream" - >back
  same "$FILES/20MB" back
}
check 's3 cp from stdin and to stdout keeps 20 MB' streams

sync_up() {
  make_tree up
  s3 sync --no-progress up "s3://$BUCKET/tree"
  equal '' "$(s3 sync --no-progress up "s3://$BUCKET/tree")"
  s3 sync --no-progress "s3://$BUCKET/tree" down
  same_tree up down
}
check 's3 sync copies a folder up and down, and nothing the second time' sync_up

sync_changes() {
  local moved
  change_tree up
  moved=$(s3 sync --no-progress --delete up "s3://$BUCKET/tree")
  contains "$moved" 'upload: up/changing.txt'
  contains "$moved" 'upload: up/deep/new.txt'
  contains "$moved" 'delete: .*/deep/doomed.txt'
  equal 3 "$(wc -l <<<"$moved")"
  s3 sync --no-progress --delete "s3://$BUCKET/tree" down
  same_tree up down
}
check 's3 sync --delete carries a changed, a new and a deleted file, both ways' sync_changes

mv_all_ways() {
  cp "$FILES/1KB" here
  s3 mv --no-progress here "s3://$BUCKET/mv/one"
  [ ! -e here ] || no 'the local file is still there'
  s3 mv --no-progress "s3://$BUCKET/mv/one" "s3://$BUCKET/mv/two"
  s3 mv --no-progress "s3://$BUCKET/mv/two" back
  same "$FILES/1KB" back
  refused '' s3 ls "s3://$BUCKET/mv/"
}
check 's3 mv moves up, within the bucket and down' mv_all_ways

rm_one() {
  s3 cp --no-progress "$FILES/1KB" "s3://$BUCKET/rm/gone"
  s3 rm "s3://$BUCKET/rm/gone"
  refused '404' s3 cp --no-progress "s3://$BUCKET/rm/gone" back
}
check 's3 rm removes an object' rm_one

ls_recursive() {
  local listed
  listed=$(s3 ls --recursive --summarize "s3://$BUCKET/tree/")
  equal 13 "$(grep -c ' tree/' <<<"$listed")"
  contains "$listed" ' 3000 tree/deep/er/b c\+d\.bin$'
  contains "$listed" 'Total Objects: 13$'
  listed=$(s3 ls "s3://$BUCKET/tree/")
  contains "$listed" ' PRE deep/$'
  equal 12 "$(wc -l <<<"$listed")"
}
check 's3 ls lists a folder, and --recursive all below it' ls_recursive

rm_recursive() {
  s3 rm --recursive --exclude '*' --include '*file-*' "s3://$BUCKET/tree/"
  equal 3 "$(s3 ls --recursive "s3://$BUCKET/tree/" | wc -l)"
  s3 rm --recursive "s3://$BUCKET/tree/"
  refused '^$' s3 ls "s3://$BUCKET/tree/"
  s3 ls "s3://$BUCKET/files/20MB"
}
check 's3 rm --recursive removes a folder and nothing else' rm_recursive

presigned() {
  local link
  link=$(s3 presign "s3://$BUCKET/files/20MB")
  if refuses_version_2 "$link"; then return; fi # as version 1 of the AWS CLI signs it
  equal 200 "$(fetch back "$link")"
  same "$FILES/20MB" back
  equal 206 "$(fetch back "$link" -H 'Range: bytes=1000-1999')"
  tail -c +1001 "$FILES/20MB" | head -c 1000 >part || true
  same part back
  equal 403 "$(fetch back "${link/20MB/1KB}")"
  contains "$(cat back)" '<Code>SignatureDoesNotMatch</Code>'
}
check 's3 presign gives a link to the object, whole and in ranges, and to no other (of version 2: refused with a reason)' presigned

copy_in_s3() {
  s3 cp --no-progress "s3://$BUCKET/files/1KB" "s3://$OTHER/1KB"
  s3 cp --no-progress "s3://$BUCKET/files/20MB" "s3://$OTHER/20MB"
  s3 cp --no-progress "s3://$OTHER/1KB" one
  s3 cp --no-progress "s3://$OTHER/20MB" twenty
  same "$FILES/1KB" one
  same "$FILES/20MB" twenty
}
check 's3 cp from bucket to bucket keeps 1 KB and 20 MB (in parts)' copy_in_s3

copy_keeps_properties() {
  local file=20MB
  # Version 1 does not carry them over when it copies in parts.
  if [[ $(command aws --version 2>&1) == aws-cli/1.* ]]; then file=1KB; fi
  s3 cp --no-progress --content-type text/x-portico --cache-control max-age=7 --metadata colour=blue "$FILES/$file" "s3://$BUCKET/typed"
  s3 cp --no-progress "s3://$BUCKET/typed" "s3://$OTHER/typed"
  equal $'text/x-portico\tmax-age=7\tblue' \
    "$(ask head-object --bucket "$OTHER" --key typed --query '[ContentType,CacheControl,Metadata.colour]')"
}
check 's3 cp from bucket to bucket keeps content type and metadata' copy_keeps_properties

# --- aws s3api ---

put_with_headers() {
  local tag
  aws s3api put-object --bucket "$BUCKET" --key headed --body "$FILES/1KB" --content-type 'text/plain; charset=utf-8' \
    --cache-control 'max-age=60, public' --content-disposition 'attachment; filename="a b.txt"' \
    --content-language de --metadata 'colour=dark blue,Size=7'
  tag=$(md5sum <"$FILES/1KB" | cut -d ' ' -f 1)
  equal "1024"$'\t'"text/plain; charset=utf-8"$'\t'"max-age=60, public"$'\t'"attachment; filename=\"a b.txt\""$'\t'"de"$'\t'"dark blue"$'\t'"7"$'\t'"\"$tag\"" \
    "$(ask head-object --bucket "$BUCKET" --key headed \
      --query '[ContentLength,ContentType,CacheControl,ContentDisposition,ContentLanguage,Metadata.colour,Metadata.size,ETag]')"
}
check 's3api put-object keeps headers and metadata, and head-object gives them back' put_with_headers

get_range() {
  equal 'bytes 100-199/1024' \
    "$(ask get-object --bucket "$BUCKET" --key headed --range bytes=100-199 --query ContentRange back)"
  tail -c +101 "$FILES/1KB" | head -c 100 >part
  same part back
  aws s3api get-object --bucket "$BUCKET" --key headed --range bytes=-24 back
  tail -c 24 "$FILES/1KB" >part
  same part back
  refused 'InvalidRange' aws s3api get-object --bucket "$BUCKET" --key headed --range bytes=1024- back
}
check 's3api get-object --range gives the part, and refuses one past the end' get_range

conditions() {
  local tag
  tag=$(ask head-object --bucket "$BUCKET" --key headed --query ETag)
  refused '304' aws s3api get-object --bucket "$BUCKET" --key headed --if-none-match "$tag" back
  refused 'PreconditionFailed|412' aws s3api get-object --bucket "$BUCKET" --key headed --if-match '"other"' back
  aws s3api get-object --bucket "$BUCKET" --key headed --if-match "$tag" back
  same "$FILES/1KB" back
}
check 's3api get-object --if-match and --if-none-match are heeded' conditions

pages() {
  local i answer token
  mkdir numbered
  for i in $(seq -w 20); do echo "$i" >"numbered/$i"; done
  s3 cp --no-progress --recursive numbered "s3://$BUCKET/pages/"
  equal "$(seq -w 20)" "$(ask list-objects-v2 --bucket "$BUCKET" --prefix pages/ --page-size 3 --query 'Contents[].[Key]' | cut -d / -f 2)"
  answer=$(aws s3api list-objects-v2 --output json --bucket "$BUCKET" --prefix pages/ --page-size 3 --max-items 7 \
    --query '[NextToken, Contents[].Key]')
  equal "$(seq -w 7 | sed 's/^/0/')" "$(grep -o 'pages/[0-9]*' <<<"$answer" | cut -d / -f 2)"
  token=$(sed -n '2s/[ ",]//gp' <<<"$answer")
  equal "$(seq 8 20 | sed 's/^.$/0&/')" "$(ask list-objects-v2 --bucket "$BUCKET" --prefix pages/ --page-size 3 \
    --starting-token "$token" --query 'Contents[].[Key]' | cut -d / -f 2)"
  equal "$(seq -w 20)" "$(ask list-objects --bucket "$BUCKET" --prefix pages/ --page-size 6 --query 'Contents[].[Key]' | cut -d / -f 2)"
}
check 's3api list-objects-v2 and list-objects page through every key once' pages

delimited() {
  aws s3api put-object --bucket "$BUCKET" --key pages/a/1
  aws s3api put-object --bucket "$BUCKET" --key pages/b/1
  equal $'pages/a/\npages/b/' "$(ask list-objects-v2 --bucket "$BUCKET" --prefix pages/ --delimiter / --page-size 5 \
    --query 'CommonPrefixes[].[Prefix]' | grep -v None)"
}
check 's3api list-objects-v2 --delimiter rolls folders up, across pages' delimited

copy_object() {
  aws s3api copy-object --bucket "$BUCKET" --key kept --copy-source "$BUCKET/headed"
  equal $'max-age=60, public\tdark blue' \
    "$(ask head-object --bucket "$BUCKET" --key kept --query '[CacheControl,Metadata.colour]')"
  aws s3api copy-object --bucket "$BUCKET" --key kept --copy-source "$BUCKET/kept" --metadata-directive REPLACE \
    --content-type text/x-new --metadata shape=round
  equal $'text/x-new\tNone\tNone\tround' \
    "$(ask head-object --bucket "$BUCKET" --key kept --query '[ContentType,CacheControl,Metadata.colour,Metadata.shape]')"
  aws s3api get-object --bucket "$BUCKET" --key kept back
  same "$FILES/1KB" back
  refused 'InvalidRequest' aws s3api copy-object --bucket "$BUCKET" --key kept --copy-source "$BUCKET/kept"
}
check 's3api copy-object keeps the metadata, or replaces it with REPLACE' copy_object

delete_objects() {
  equal $'pages/01\npages/02' "$(ask delete-objects --bucket "$BUCKET" --delete 'Objects=[{Key=pages/01},{Key=pages/02}]' \
    --query 'Deleted[].[Key]' | sort)"
  equal 'None' "$(ask delete-objects --bucket "$BUCKET" --delete 'Objects=[{Key=pages/03},{Key=never there}],Quiet=true' \
    --query '[Deleted,Errors][]' | grep . || echo None)"
  equal 'pages/04' "$(ask list-objects-v2 --bucket "$BUCKET" --prefix pages/ --max-items 1 --query 'Contents[].[Key]' | head -n 1)"
}
check 's3api delete-objects deletes and answers, or keeps silent with Quiet' delete_objects

multipart() {
  local id one two
  head -c 6M "$FILES/20MB" >part1
  tail -c 1000 "$FILES/20MB" >part2
  cat part1 part2 >whole
  id=$(ask create-multipart-upload --bucket "$BUCKET" --key parts --content-type text/x-parts --query UploadId)
  one=$(ask upload-part --bucket "$BUCKET" --key parts --upload-id "$id" --part-number 1 --body part1 --query ETag)
  two=$(ask upload-part --bucket "$BUCKET" --key parts --upload-id "$id" --part-number 2 --body part2 --query ETag)
  equal "1"$'\t'"6291456"$'\t'"$one"$'\n'"2"$'\t'"1000"$'\t'"$two" \
    "$(ask list-parts --bucket "$BUCKET" --key parts --upload-id "$id" --query 'Parts[].[PartNumber,Size,ETag]')"
  refused '404' aws s3api head-object --bucket "$BUCKET" --key parts
  aws s3api complete-multipart-upload --bucket "$BUCKET" --key parts --upload-id "$id" \
    --multipart-upload "Parts=[{PartNumber=1,ETag=$one},{PartNumber=2,ETag=$two}]"
  contains "$(ask head-object --bucket "$BUCKET" --key parts --query '[ContentType,ETag]')" $'^text/x-parts\t"[0-9a-f]{32}-2"$'
  aws s3api get-object --bucket "$BUCKET" --key parts back
  same whole back
  equal 1000 "$(ask head-object --bucket "$BUCKET" --key parts --part-number 2 --query ContentLength)"
}
check 's3api uploads in parts, lists and completes them' multipart

abort() {
  local id
  id=$(ask create-multipart-upload --bucket "$BUCKET" --key aborted --query UploadId)
  aws s3api upload-part --bucket "$BUCKET" --key aborted --upload-id "$id" --part-number 1 --body "$FILES/1KB"
  equal "aborted"$'\t'"$id" "$(ask list-multipart-uploads --bucket "$BUCKET" --query 'Uploads[].[Key,UploadId]')"
  aws s3api abort-multipart-upload --bucket "$BUCKET" --key aborted --upload-id "$id"
  equal None "$(ask list-multipart-uploads --bucket "$BUCKET" --query Uploads)"
  refused NoSuchUpload aws s3api list-parts --bucket "$BUCKET" --key aborted --upload-id "$id"
}
check 's3api lists an upload in parts until it is aborted' abort

head_bucket() {
  aws s3api head-bucket --bucket "$BUCKET"
  refused '\(404\)' aws s3api head-bucket --bucket "$BUCKET-missing"
}
check 's3api head-bucket of a missing bucket gives 404' head_bucket

location() {
  local expected=$COMPAT_REGION
  [ "$expected" != us-east-1 ] || expected=None
  equal "$expected" "$(ask get-bucket-location --bucket "$BUCKET" --query LocationConstraint)"
}
check "s3api get-bucket-location gives the endpoint's region" location

rb() {
  refused BucketNotEmpty s3 rb "s3://$BUCKET"
  s3 rb --force "s3://$BUCKET"
  s3 rb --force "s3://$OTHER"
  lacks "$(s3 ls)" " $BUCKET"
}
check 's3 rb refuses a full bucket, and --force empties and removes it' rb

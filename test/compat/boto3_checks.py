"""boto3 on its defaults: only the endpoint, the keys and the region are given."""

import gzip
import hashlib
import http.client
import io
import json
import os
import random
import signal
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from urllib3 import encode_multipart_formdata

URL = os.environ["COMPAT_ENDPOINT"]
REGION = os.environ["COMPAT_REGION"]
FILES = os.environ["COMPAT_FILES"]
WORK = os.environ["COMPAT_WORK"]
DOT_KEYS = os.environ.get("COMPAT_DOT_KEYS") == "1"
ENCODED = os.environ.get("COMPAT_ENCODED") == "1"
LEGACY_ACL = os.environ.get("COMPAT_LEGACY_ACL") == "1"  # only what a server with --legacy-acl does otherwise
LIMIT = 60  # seconds for a check
MB = 1024 * 1024
BUCKET = f"compat-boto3-{os.getpid()}-{random.randrange(10**6)}"
OTHER = BUCKET + "-other"


def client(service="s3", make=boto3.client, **options):
    keys = {
        "aws_access_key_id": os.environ["COMPAT_ACCESS_KEY"],
        "aws_secret_access_key": os.environ["COMPAT_SECRET_KEY"],
    }
    return make(service, endpoint_url=URL, region_name=REGION, **{**keys, **options})


s3 = client()
s3v4 = client(config=Config(signature_version="s3v4"))
s3v2 = client(config=Config(signature_version="s3"))

# --- Checks and assertions ---

CHECKS = []


def check(sentence, legacy_acl=False):
    """Makes a check of a function, run in the order of the file: on a server with --legacy-acl, or on the others."""

    def add(function):
        if legacy_acl == LEGACY_ACL:
            CHECKS.append((sentence, function))
        return function

    return add


def equal(expected, actual, what=""):
    if expected != actual:
        raise AssertionError(f"{what}{': ' if what else ''}expected {short(expected)}, got {short(actual)}")


def same(expected, actual, what="content"):
    if expected != actual:
        raise AssertionError(f"{what} differs: {digest(expected)} of {len(expected)} bytes, got {digest(actual)} of {len(actual)}")


def refused(code, status, call, **parameters):
    """The call must fail, with this error code and status."""
    try:
        call(**parameters)
    except ClientError as error:
        got = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        equal((code, status), got, call.__name__)
        return error.response
    raise AssertionError(f"{call.__name__} succeeded instead of failing with {code}")


def short(value):
    text = repr(value)
    return text if len(text) <= 300 else text[:300] + "…"


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def read(key, bucket=BUCKET, **parameters):
    return s3.get_object(Bucket=bucket, Key=key, **parameters)["Body"].read()


def put(key, data=b"", bucket=BUCKET, **parameters):
    return s3.put_object(Bucket=bucket, Key=key, Body=data, **parameters)


def fetch(url, method="GET", data=None, headers=None):
    """A plain HTTP request, as one who was handed a link makes it: (status, headers, body)."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=LIMIT)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", data, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


# --- Up and down ---


@check("create_bucket, list_buckets and head_bucket know a new bucket")
def buckets():
    s3.create_bucket(Bucket=BUCKET)
    s3.create_bucket(Bucket=OTHER)
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    equal([BUCKET, OTHER], [name for name in names if name.startswith(BUCKET)])
    equal(200, s3.head_bucket(Bucket=BUCKET)["ResponseMetadata"]["HTTPStatusCode"])


@check("upload_fileobj of 30 MB is downloaded again by download_file and download_fileobj")
def transfer():
    data = random.randbytes(30 * MB)
    s3.upload_fileobj(io.BytesIO(data), BUCKET, "thirty", ExtraArgs={"ContentType": "text/x-thirty"})
    path = os.path.join(WORK, "thirty")
    s3.download_file(BUCKET, "thirty", path)
    with open(path, "rb") as file:
        same(data, file.read(), "download_file")
    os.remove(path)
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "thirty", back)
    same(data, back.getvalue(), "download_fileobj")
    head = s3.head_object(Bucket=BUCKET, Key="thirty")
    equal((30 * MB, "text/x-thirty"), (head["ContentLength"], head["ContentType"]))


@check("empty objects and others follow each other without stalling")
def empty_objects():
    contents = (b"", b"x", b"", b"", b"y", b"z")
    started = time.monotonic()
    for number, data in enumerate(contents):
        put(f"sequence/{number}", data)
    seconds = time.monotonic() - started
    if seconds > 5:
        raise AssertionError(f"took {seconds:.1f} s")
    for number, data in enumerate(contents):
        same(data, read(f"sequence/{number}"))


@check("upload_file keeps an empty file and one of 20 MB")
def upload_file():
    for name in ("0B", "20MB"):
        s3.upload_file(os.path.join(FILES, name), BUCKET, name)
        with open(os.path.join(FILES, name), "rb") as file:
            same(file.read(), read(name), name)


@check("put_object gives the MD5 as ETag, and a checksum that was asked for comes back")
def etag():
    data = random.randbytes(1000)
    answer = put("tagged", data, ChecksumAlgorithm="SHA256")
    equal(f'"{hashlib.md5(data).hexdigest()}"', answer["ETag"])
    head = s3.head_object(Bucket=BUCKET, Key="tagged", ChecksumMode="ENABLED")
    equal(answer["ChecksumSHA256"], head["ChecksumSHA256"])
    equal(44, len(head["ChecksumSHA256"]))


@check("put_object with a wrong checksum or Content-MD5 is refused with BadDigest and leaves nothing")
def wrong_digest():
    wrong = dict(Bucket=BUCKET, Key="wrong", Body=b"some bytes")
    refused("BadDigest", 400, s3.put_object, **wrong, ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    refused("BadDigest", 400, s3.put_object, **wrong, ChecksumSHA256="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    refused("InvalidDigest", 400, s3.put_object, **wrong, ContentMD5="nonsense")
    refused("NoSuchKey", 404, s3.get_object, Bucket=BUCKET, Key="wrong")


# --- Lists ---


@check("list_objects_v2 gives size, ETag, time, and with FetchOwner the owner")
def owner():
    put("listed/one", b"12345")
    answer = s3.list_objects_v2(Bucket=BUCKET, Prefix="listed/", FetchOwner=True)
    [entry] = answer["Contents"]
    equal(("listed/one", 5, '"827ccb0eea8a706c4c34a16891f84e7b"', "STANDARD"), (entry["Key"], entry["Size"], entry["ETag"], entry["StorageClass"]))
    equal((1, False), (answer["KeyCount"], answer["IsTruncated"]))
    if abs(entry["LastModified"].timestamp() - time.time()) > 60:
        raise AssertionError(f"modified at {entry['LastModified']}")
    if not entry["Owner"]["ID"]:
        raise AssertionError("the owner has no ID")
    equal(False, "Owner" in s3.list_objects_v2(Bucket=BUCKET, Prefix="listed/")["Contents"][0])


@check("paginators walk 50 keys by sevens, with prefix and delimiter, each once and in order")
def paginators():
    keys = sorted(f"walk/{folder}/{number:02}" for folder in "abcde" for number in range(9)) + [f"walk/{n}" for n in range(5)]
    keys.sort()
    equal(50, len(keys))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, keys))
    for operation in ("list_objects_v2", "list_objects"):
        def pages(**parameters):
            return list(s3.get_paginator(operation).paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 7}, **parameters))

        walked = pages(Prefix="walk/")
        equal(keys, [entry["Key"] for page in walked for entry in page.get("Contents", [])], operation)
        equal(8, len(walked), operation)
        walked = pages(Prefix="walk/", Delimiter="/")
        equal([f"walk/{n}" for n in range(5)], [entry["Key"] for page in walked for entry in page.get("Contents", [])], operation)
        equal([f"walk/{folder}/" for folder in "abcde"], [entry["Prefix"] for page in walked for entry in page.get("CommonPrefixes", [])], operation)
        equal(2, len(walked), operation)
        walked = pages(Prefix="walk/c/0")
        equal([f"walk/c/{n:02}" for n in range(9)], [entry["Key"] for page in walked for entry in page.get("Contents", [])], operation)
    after = s3.list_objects_v2(Bucket=BUCKET, Prefix="walk/", StartAfter="walk/e/04")
    equal(keys[keys.index("walk/e/04") + 1 :], [entry["Key"] for entry in after["Contents"]], "StartAfter")


# --- Links ---


# In us-east-1 boto3 still signs links, and only links, with version 2.
VERSION_2 = "X-Amz-Signature=" not in s3.generate_presigned_url("get_object", Params={"Bucket": "x", "Key": "x"})
DEFAULT_SIGNATURE = f"signature version {2 if VERSION_2 else 4}"
DEFAULT_LINKS_WORK = not VERSION_2 or os.environ.get("COMPAT_SIGNATURE_2") == "1"


def signs_queries_twice():
    """Whether this botocore, as those of late 2022, puts `?uploads` and its like into signatures of version 2 twice."""
    paths = []

    def look(params, **_):
        paths.append(params.get("auth_path") or "")
        return SimpleNamespace(status_code=200, headers={}), {}  # nothing is sent

    probe = client(config=Config(signature_version="s3"))
    probe.meta.events.register("before-call.s3.ListObjectsV2", look)
    probe.list_objects_v2(Bucket="x")
    return "?" in paths[0]


QUERIES_TWICE = signs_queries_twice()


def links(signer, signature):
    def link(operation, expires=300, **parameters):
        url = signer.generate_presigned_url(operation, Params={"Bucket": BUCKET, **parameters}, ExpiresIn=expires)
        equal(True, signature in url, url)
        return url

    key = "links/a b+c.txt"
    status, _, body = fetch(link("put_object", Key=key), "PUT", b"sent by link")
    equal((200, b""), (status, body), "put_object")
    same(b"sent by link", read(key), "put_object")
    status, headers, body = fetch(link("get_object", Key=key, ResponseContentType="text/x-link", ResponseContentDisposition='attachment; filename="a b"'))
    equal((200, b"sent by link"), (status, body), "get_object")
    equal(("text/x-link", 'attachment; filename="a b"'), (headers["Content-Type"], headers["Content-Disposition"]))
    status, headers, body = fetch(link("get_object", Key=key), headers={"Range": "bytes=5-6"})
    equal((206, b"by", "bytes 5-6/12"), (status, body, headers["Content-Range"]), "get_object with a range")
    status, headers, body = fetch(link("head_object", Key=key), "HEAD")
    equal((200, "12", b""), (status, headers["Content-Length"], body), "head_object")
    status, _, _ = fetch(link("head_object", Key=key), "GET")
    equal(403, status, "GET with the link of a HEAD")
    status, _, body = fetch(link("get_object", Key=key).replace("links/", "thirty/"))
    equal((403, True), (status, b"<Code>SignatureDoesNotMatch</Code>" in body), "a link changed")
    status, _, body = fetch(link("list_objects_v2", Prefix="links/"))
    if QUERIES_TWICE and signer is not s3v4:
        equal((403, True), (status, b"<Code>SignatureDoesNotMatch</Code>" in body), "list_objects_v2, wrongly signed")
    else:
        equal((200, True), (status, b"<KeyCount>1</KeyCount>" in body), "list_objects_v2")

    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="links/parts")["UploadId"]
    parts = []
    for number, data in ((1, b"1" * 5 * MB), (2, b"2")):
        status, headers, _ = fetch(link("upload_part", Key="links/parts", UploadId=upload, PartNumber=number), "PUT", data)
        equal(200, status, "upload_part")
        parts.append({"PartNumber": number, "ETag": headers["ETag"]})
    s3.complete_multipart_upload(Bucket=BUCKET, Key="links/parts", UploadId=upload, MultipartUpload={"Parts": parts})
    same(b"1" * 5 * MB + b"2", read("links/parts"), "upload_part")
    s3.delete_object(Bucket=BUCKET, Key="links/parts")

    status, _, body = fetch(link("delete_object", Key=key), "DELETE")
    equal((204, b""), (status, body), "delete_object")
    refused("NoSuchKey", 404, s3.get_object, Bucket=BUCKET, Key=key)

    soon_over = link("get_object", expires=1, Key="thirty")
    time.sleep(2.5)
    status, _, body = fetch(soon_over)
    equal((403, True), (status, b"<Code>AccessDenied</Code>" in body), "an expired link")


@check(f"generate_presigned_url on its defaults, {DEFAULT_SIGNATURE}: {'all work' if DEFAULT_LINKS_WORK else 'refused, naming version 4'}")
def default_links():
    if DEFAULT_LINKS_WORK:
        links(s3, "Signature=")
    else:
        url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "thirty"})
        status, _, body = fetch(url)
        equal((400, True, True), (status, b"<Code>InvalidRequest</Code>" in body, b"AWS4-HMAC-SHA256" in body), repr(body[:300]))


@check("generate_presigned_url with signature version 4: get, put, head, delete, list, upload_part by plain HTTP")
def version_4_links():
    links(s3v4, "X-Amz-Signature=")


# --- Signature version 2 in headers, as old boto signs ---

HEADERS_2_WORK = os.environ.get("COMPAT_SIGNATURE_2") == "1"


VERSION_2_DOES = "put and get work" if QUERIES_TWICE else "put, get, parts, list, tags, CORS and delete work"


@check(f"signature version 2 in headers: {VERSION_2_DOES if HEADERS_2_WORK else 'refused, naming version 4'}")
def version_2_headers():
    if not HEADERS_2_WORK:
        refused("InvalidRequest", 400, s3v2.list_buckets)
        return
    key = "version2/a b+c~é.txt"
    s3v2.put_object(Bucket=BUCKET, Key=key, Body=b"two", ContentType="text/x-a", Metadata={"colour": "dark  blue"})
    answer = s3v2.get_object(Bucket=BUCKET, Key=key, ResponseContentDisposition='attachment; filename="a b&c"')
    equal((b"two", {"colour": "dark  blue"}), (answer["Body"].read(), answer["Metadata"]))
    equal('attachment; filename="a b&c"', answer["ContentDisposition"])
    if QUERIES_TWICE:
        refused("SignatureDoesNotMatch", 403, s3v2.list_objects_v2, Bucket=BUCKET)
        s3v2.delete_object(Bucket=BUCKET, Key=key)
        return
    s3v2.upload_file(f"{FILES}/20MB", BUCKET, "version2/parts", Config=TransferConfig(multipart_chunksize=8 * MB))
    with open(f"{FILES}/20MB", "rb") as file:
        same(file.read(), read("version2/parts"))
    listed = s3v2.list_objects_v2(Bucket=BUCKET, Prefix="version2/", Delimiter="~")
    equal((1, 1), (len(listed["Contents"]), len(listed["CommonPrefixes"])))
    s3v2.put_object_tagging(Bucket=BUCKET, Key=key, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    equal([{"Key": "a", "Value": "b"}], s3v2.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"])
    rules = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]
    s3v2.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": rules})
    equal(rules, s3v2.get_bucket_cors(Bucket=BUCKET)["CORSRules"])
    s3v2.delete_bucket_cors(Bucket=BUCKET)
    copied = s3v2.copy_object(Bucket=BUCKET, Key="version2/copy", CopySource={"Bucket": BUCKET, "Key": key})
    equal(True, "CopyObjectResult" in copied)
    names = [key, "version2/parts", "version2/copy"]
    gone = s3v2.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": name} for name in names]})
    equal(3, len(gone["Deleted"]))
    wrong = client(config=Config(signature_version="s3"), aws_secret_access_key="another")
    refused("SignatureDoesNotMatch", 403, wrong.list_buckets)


def post_form(post, data, **fields):
    """Sends a form as a browser does: (status, headers, body)."""
    body, kind = encode_multipart_formdata({**post["fields"], **fields, "file": ("note.txt", data)})
    return fetch(post["url"], "POST", body, {"Content-Type": kind})


@check("generate_presigned_post makes a form that uploads, keeps its fields, and is held to its conditions")
def forms():
    fields = {"Content-Type": "text/x-form", "x-amz-meta-from": "form"}
    conditions = [{"Content-Type": "text/x-form"}, {"x-amz-meta-from": "form"}, ["content-length-range", 1, 20 * MB]]
    post = s3v4.generate_presigned_post(BUCKET, "forms/${filename}", Fields=fields, Conditions=conditions)
    data = os.urandom(9 * MB)
    status, headers, _ = post_form(post, data)
    equal((204, f'"{hashlib.md5(data).hexdigest()}"'), (status, headers["ETag"]))
    same(data, read("forms/note.txt"))
    head = s3.head_object(Bucket=BUCKET, Key="forms/note.txt")
    equal(("text/x-form", {"from": "form"}), (head["ContentType"], head["Metadata"]))
    for wrong, code in [({"acl": "private"}, b"AccessDenied"), ({"key": "elsewhere"}, b"AccessDenied")]:
        status, _, body = post_form(post, data[:10], **wrong)
        equal((403, True), (status, code in body), str(wrong))
    status, _, body = post_form(post, b"")
    equal((400, True), (status, b"EntityTooSmall" in body))


# --- Copies ---


@check("copy carries 30 MB over in parts, with their content type")
def managed_copy():
    small = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=8 * MB)
    s3.copy({"Bucket": BUCKET, "Key": "thirty"}, OTHER, "copied", ExtraArgs={"ContentType": "text/x-copied"}, Config=small)
    same(read("thirty"), read("copied", OTHER))
    head = s3.head_object(Bucket=OTHER, Key="copied")
    equal((True, "text/x-copied"), (head["ETag"].endswith('-4"'), head["ContentType"]))


@check("copy_object keeps metadata or replaces it, and heeds the source's conditions")
def copy_object():
    tag = put("source", b"to be copied", Metadata={"colour": "blue"}, ContentType="text/x-a")["ETag"]
    source = {"Bucket": BUCKET, "Key": "source"}
    answer = s3.copy_object(Bucket=OTHER, Key="target", CopySource=source)
    equal(tag, answer["CopyObjectResult"]["ETag"])
    head = s3.head_object(Bucket=OTHER, Key="target")
    equal(({"colour": "blue"}, "text/x-a"), (head["Metadata"], head["ContentType"]))
    s3.copy_object(Bucket=OTHER, Key="target", CopySource=source, MetadataDirective="REPLACE", Metadata={"shape": "round"})
    equal({"shape": "round"}, s3.head_object(Bucket=OTHER, Key="target")["Metadata"])
    conditional = dict(Bucket=OTHER, Key="target", CopySource=source)
    s3.copy_object(**conditional, CopySourceIfMatch=tag)
    refused("PreconditionFailed", 412, s3.copy_object, **conditional, CopySourceIfNoneMatch=tag)
    refused("NoSuchKey", 404, s3.copy_object, Bucket=OTHER, Key="target", CopySource={"Bucket": BUCKET, "Key": "never"})


# --- Reads ---


@check("get_object with a Range gives the first, the middle, the last bytes, and refuses those past the end")
def ranges():
    data = random.randbytes(1000)
    put("ranged", data)
    for header, part, range_ in (
        ("bytes=0-0", data[:1], "bytes 0-0/1000"),
        ("bytes=10-99", data[10:100], "bytes 10-99/1000"),
        ("bytes=990-", data[990:], "bytes 990-999/1000"),
        ("bytes=-5", data[-5:], "bytes 995-999/1000"),
        ("bytes=-5000", data, "bytes 0-999/1000"),
        ("bytes=500-5000", data[500:], "bytes 500-999/1000"),
    ):
        answer = s3.get_object(Bucket=BUCKET, Key="ranged", Range=header)
        same(part, answer["Body"].read(), header)
        equal((206, range_), (answer["ResponseMetadata"]["HTTPStatusCode"], answer["ContentRange"]), header)
    answer = s3.get_object(Bucket=BUCKET, Key="ranged", Range="chapters=1-2")
    equal((200, 1000), (answer["ResponseMetadata"]["HTTPStatusCode"], len(answer["Body"].read())), "an unknown unit")
    refused("InvalidRange", 416, s3.get_object, Bucket=BUCKET, Key="ranged", Range="bytes=1000-")
    whole = read("thirty")
    for start in (8 * MB - 3, 16 * MB, 30 * MB - 7):
        same(whole[start : start + 10], read("thirty", Range=f"bytes={start}-{start + 9}"), f"from {start}")


@check("get_object and head_object heed If-None-Match, If-Match and the times (304, 412)")
def conditional():
    tag = put("conditional", b"1234")["ETag"]
    modified = s3.head_object(Bucket=BUCKET, Key="conditional")["LastModified"]
    this = dict(Bucket=BUCKET, Key="conditional")
    earlier = modified.replace(year=modified.year - 1, day=1)
    for call in (s3.get_object, s3.head_object):
        refused("304", 304, call, **this, IfNoneMatch=tag)
        refused("304", 304, call, **this, IfModifiedSince=modified)
        refused("412" if call == s3.head_object else "PreconditionFailed", 412, call, **this, IfMatch='"other"')
        refused("412" if call == s3.head_object else "PreconditionFailed", 412, call, **this, IfUnmodifiedSince=earlier)
        call(**this, IfMatch=tag)
        call(**this, IfNoneMatch='"other"')
        call(**this, IfMatch=tag, IfUnmodifiedSince=earlier)
        call(**this, IfModifiedSince=earlier)


@check("metadata and headers survive, and hold nothing else")
def metadata():
    given = {"colour": "dark blue", "path": "a/b;c=d", "number": "7", "with-dash": "x, y", "mime": "=?UTF-8?B?w6Q=?="}
    headers = {
        "ContentType": "text/plain; charset=utf-8",
        "CacheControl": "max-age=60, public",
        "ContentDisposition": 'attachment; filename="a b.txt"',
        "ContentEncoding": "identity",
        "ContentLanguage": "de, en",
    }
    put("described", b"x", Metadata=given, **headers)
    for answer in (s3.head_object(Bucket=BUCKET, Key="described"), s3.get_object(Bucket=BUCKET, Key="described")):
        equal(given, answer["Metadata"])
        equal(headers, {name: answer.get(name) for name in headers})
    put("plain", b"x")
    plain = s3.head_object(Bucket=BUCKET, Key="plain")
    equal(({}, "binary/octet-stream"), (plain["Metadata"], plain["ContentType"]))


def encoded():
    data = gzip.compress(b"compressed " * 1000)
    put("encoded", data, ContentEncoding="gzip", ContentType="text/plain")
    answer = s3.get_object(Bucket=BUCKET, Key="encoded")
    equal(("gzip", len(data)), (answer["ContentEncoding"], answer["ContentLength"]))
    same(data, answer["Body"].read())
    status, headers, body = fetch(s3v4.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "encoded"}))
    equal((200, "gzip"), (status, headers["Content-Encoding"]))
    same(data, body, "by link")


if ENCODED:
    check("an object stored gzip-encoded comes back byte for byte, with its encoding")(encoded)


# --- Keys ---

KEYS = [
    "with space",
    " leading and trailing ",
    "plus+plus",
    "percent%",
    "percent%20escaped%2Fslash",
    "double//slash",
    "/leading slash",
    "trailing slash/",
    "///",
    "ключ/日本語/ñandú",
    "e\u0301 decomposed",
    "\u00e9 composed",
    "emoji 🪣👩‍👩‍👧",
    "question?mark=1&list-type=2",
    "hash#tag",
    "semi;colon:at@dollar$comma,equals=",
    "quotes'\"`",
    "angle<tag>&amp;",
    "brackets[]{}()|^",
    "back\\slash",
    "tilde~star*bang!",
    "tab\tand\nnewline",
    "carriage\rreturn",
    "control\x01\x1f\x7f",
    "dots...in..names.",
    "versions",
    "x" * 1024,
    "ü" * 512,
]
DOTS = ["a/../b", "./x", "../up", "a/.", "a/./b", "..", "a//../b"]


def key_check(key):
    def run():
        data = key.encode() + random.randbytes(10)
        put(key, data)
        same(data, read(key))
        equal(len(data), s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"])
        equal([key], [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=key)["Contents"]])
        s3.copy_object(Bucket=OTHER, Key=key, CopySource={"Bucket": BUCKET, "Key": key})
        same(data, read(key, OTHER), "copy")
        status, _, body = fetch(s3v4.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key}))
        equal(200, status, f"link: {body[:200]!r}")
        same(data, body, "link")
        if "\x01" in key:  # which XML cannot hold
            s3.delete_object(Bucket=OTHER, Key=key)
        else:
            answer = s3.delete_objects(Bucket=OTHER, Delete={"Objects": [{"Key": key}]})
            equal([key], [entry["Key"] for entry in answer["Deleted"]])
        equal(False, "Contents" in s3.list_objects_v2(Bucket=OTHER, Prefix=key))
        s3.delete_object(Bucket=BUCKET, Key=key)
        refused("404", 404, s3.head_object, Bucket=BUCKET, Key=key)

    return run


for nasty in KEYS + (DOTS if DOT_KEYS else []):
    name = nasty if len(nasty) < 100 else f"{nasty[0]} × {len(nasty)}"
    check(f"key {name!r} is put, read, listed, copied, linked and deleted")(key_check(nasty))


@check("a key of 1025 bytes is refused with KeyTooLongError")
def long_key():
    refused("KeyTooLongError", 400, s3.put_object, Bucket=BUCKET, Key="x" * 1025, Body=b"")
    refused("KeyTooLongError", 400, s3.put_object, Bucket=BUCKET, Key="ü" * 513, Body=b"")


# --- Errors ---


@check("errors about buckets have S3's codes")
def bucket_errors():
    missing = BUCKET + "-missing"
    answer = refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket=missing)
    equal(missing, answer["Error"].get("BucketName"))
    refused("NoSuchBucket", 404, s3.get_object, Bucket=missing, Key="x")
    refused("NoSuchBucket", 404, s3.put_object, Bucket=missing, Key="x", Body=b"x")
    refused("NoSuchBucket", 404, s3.delete_bucket, Bucket=missing)
    refused("404", 404, s3.head_bucket, Bucket=missing)
    refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=BUCKET)
    for name in ("Upper-Case", "under_score", "ab", "dots..dots", "-dash", "127.0.0.1", "x" * 64):
        refused("InvalidBucketName", 400, s3.create_bucket, Bucket=name)
    if REGION == "us-east-1":
        s3.create_bucket(Bucket=BUCKET)  # one's own bucket again: nothing happens, in this region
    else:
        refused("BucketAlreadyOwnedByYou", 409, s3.create_bucket, Bucket=BUCKET)
    if not s3.list_objects_v2(Bucket=BUCKET, MaxKeys=1)["KeyCount"]:
        raise AssertionError("creating the bucket again has emptied it")


@check("errors about objects have S3's codes")
def object_errors():
    answer = refused("NoSuchKey", 404, s3.get_object, Bucket=BUCKET, Key="never/there")
    equal("never/there", answer["Error"].get("Key"))
    refused("404", 404, s3.head_object, Bucket=BUCKET, Key="never/there")
    equal(204, s3.delete_object(Bucket=BUCKET, Key="never/there")["ResponseMetadata"]["HTTPStatusCode"])
    refused("InvalidArgument", 400, s3.list_objects_v2, Bucket=BUCKET, MaxKeys=-1)
    refused("InvalidArgument", 400, s3.list_objects_v2, Bucket=BUCKET, ContinuationToken="nonsense")
    refused("MetadataTooLarge", 400, s3.put_object, Bucket=BUCKET, Key="large", Body=b"", Metadata={"big": "x" * 2100})
    many = [{"Key": f"{number}"} for number in range(1001)]
    refused("MalformedXML", 400, s3.delete_objects, Bucket=BUCKET, Delete={"Objects": many})


@check("errors about uploads in parts have S3's codes")
def upload_errors():
    this = dict(Bucket=BUCKET, Key="failing")
    refused("NoSuchUpload", 404, s3.upload_part, **this, UploadId="nonsense", PartNumber=1, Body=b"")
    upload = s3.create_multipart_upload(**this)["UploadId"]
    this["UploadId"] = upload
    one = {"PartNumber": 1, "ETag": s3.upload_part(**this, PartNumber=1, Body=b"1")["ETag"]}
    two = {"PartNumber": 2, "ETag": s3.upload_part(**this, PartNumber=2, Body=b"2")["ETag"]}
    complete = s3.complete_multipart_upload
    refused("InvalidPartOrder", 400, complete, **this, MultipartUpload={"Parts": [two, one]})
    refused("InvalidPart", 400, complete, **this, MultipartUpload={"Parts": [{"PartNumber": 3, "ETag": one["ETag"]}]})
    refused("InvalidPart", 400, complete, **this, MultipartUpload={"Parts": [{**one, "ETag": two["ETag"]}]})
    refused("EntityTooSmall", 400, complete, **this, MultipartUpload={"Parts": [one, two]})
    refused("InvalidArgument", 400, s3.upload_part, **this, PartNumber=10001, Body=b"")
    s3.abort_multipart_upload(**this)
    refused("NoSuchUpload", 404, s3.list_parts, **this)
    refused("NoSuchUpload", 404, complete, **this, MultipartUpload={"Parts": [one]})
    refused("NoSuchKey", 404, s3.get_object, Bucket=BUCKET, Key="failing")


@check("a wrong key or secret is refused with InvalidAccessKeyId or SignatureDoesNotMatch")
def wrong_keys():
    refused("InvalidAccessKeyId", 403, client(aws_access_key_id="nobody").list_buckets)
    refused("SignatureDoesNotMatch", 403, client(aws_secret_access_key="wrong").list_buckets)
    refused("403", 403, client(aws_secret_access_key="wrong").head_object, Bucket=BUCKET, Key="thirty")
    status, _, body = fetch(f"{URL}/{BUCKET}/thirty")
    equal((403, True), (status, b"<Code>AccessDenied</Code>" in body), "without a signature")


# --- Users, roles and ACLs, as scripts written for AWS use them ---


def until_gone(call, **parameters):
    """Removes what a check has made; that it is not there is fine."""
    try:
        call(**parameters)
    except ClientError as error:
        equal("NoSuchEntity", error.response["Error"]["Code"])


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


READ_ALL = policy({"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"})


def tried_as_a_reader(reader):
    """What one whose policy is s3:Get* and s3:List* on * may do, and what not."""
    equal(True, BUCKET in [bucket["Name"] for bucket in reader.list_buckets()["Buckets"]])
    listed = reader.list_objects_v2(Bucket=BUCKET, Prefix="theirs/", FetchOwner=True)["Contents"]
    owner = s3.list_buckets()["Owner"]["ID"]
    equal([("theirs/a", owner)], [(entry["Key"], entry["Owner"]["ID"]) for entry in listed])
    path = os.path.join(WORK, "theirs")
    reader.download_file(BUCKET, "theirs/a", path)
    with open(path, "rb") as file:
        same(b"theirs", file.read(), "download_file")
    reader.get_object_tagging(Bucket=BUCKET, Key="theirs/a")
    refused("AccessDenied", 403, reader.put_object, Bucket=BUCKET, Key="theirs/a", Body=b"mine")
    refused("AccessDenied", 403, reader.delete_object, Bucket=BUCKET, Key="theirs/a")
    refused("AccessDenied", 403, reader.create_bucket, Bucket=BUCKET + "-reader")
    same(b"theirs", read("theirs/a"))


@check("a user with s3:Get* and s3:List* on * lists with owners and downloads, and changes nothing")
def reading_user():
    iam, name = client("iam"), BUCKET + "-reader"
    put("theirs/a", b"theirs")
    iam.create_user(UserName=name)
    try:
        key = iam.create_access_key(UserName=name)["AccessKey"]
        reader = client(aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
        refused("AccessDenied", 403, reader.list_objects_v2, Bucket=BUCKET)
        iam.put_user_policy(UserName=name, PolicyName="read", PolicyDocument=READ_ALL)
        tried_as_a_reader(reader)
    finally:
        until_gone(iam.delete_user_policy, UserName=name, PolicyName="read")
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)


@check("a role is assumed by whom its trust policy names, and its session does what its policy allows")
def assumed_role():
    iam, name = client("iam"), BUCKET + "-role"
    account = client("sts").get_caller_identity()["Account"]
    put("theirs/a", b"theirs")

    def trust(who):
        principal = {"AWS": f"arn:aws:iam::{account}:{who}"}
        return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})

    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    try:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("root"))["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=READ_ALL)
        session = dict(RoleArn=role["Arn"], RoleSessionName="nightly")
        refused("AccessDenied", 403, client("sts", **keys).assume_role, **session)
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(f"user/{name}"))
        answer = client("sts", **keys).assume_role(**session)
        equal(f"arn:aws:sts::{account}:assumed-role/{name}/nightly", answer["AssumedRoleUser"]["Arn"])
        taken = answer["Credentials"]
        assumed = {"aws_access_key_id": taken["AccessKeyId"], "aws_secret_access_key": taken["SecretAccessKey"]}
        assumed["aws_session_token"] = taken["SessionToken"]
        equal(answer["AssumedRoleUser"]["Arn"], client("sts", **assumed).get_caller_identity()["Arn"])
        tried_as_a_reader(client(**assumed))
        refused("AccessDenied", 403, client(**keys).list_objects_v2, Bucket=BUCKET)
    finally:
        until_gone(iam.delete_role_policy, RoleName=name, PolicyName="read")
        until_gone(iam.delete_role, RoleName=name)
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)


@check("create_bucket takes a region as its LocationConstraint, and nothing that is none")
def location_constraint():
    name = BUCKET + "-located"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    equal(REGION, s3.get_bucket_location(Bucket=name)["LocationConstraint"] or "us-east-1")
    s3.delete_bucket(Bucket=name)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.delete_bucket(Bucket=name)
    moon = {"LocationConstraint": "moon"}
    refused("InvalidLocationConstraint", 400, s3.create_bucket, Bucket=name, CreateBucketConfiguration=moon)


@check("a new bucket takes no ACL and no public policy until its owner says so")
def closed_by_default():
    put("closed", b"closed")
    refused("AccessControlListNotSupported", 400, s3.put_object_acl, Bucket=BUCKET, Key="closed", ACL="public-read")
    refused("AccessControlListNotSupported", 400, put, key="closed", ACL="public-read")
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    refused("AccessDenied", 403, s3.put_bucket_policy, Bucket=BUCKET, Policy=policy(everyone))
    equal(403, fetch(f"{URL}/{BUCKET}/closed")[0])


@check("a script of boto's age creates, puts, and makes public by set_acl", legacy_acl=True)
def legacy_acl():
    buckets = client(make=boto3.resource)
    bucket = buckets.create_bucket(Bucket=BUCKET)
    item = bucket.put_object(Key="hello.txt", Body=b"Hello, world")
    equal(403, fetch(f"{URL}/{BUCKET}/hello.txt")[0], "before")
    item.Acl().put(ACL="public-read")
    equal((200, b"Hello, world"), (fetch(f"{URL}/{BUCKET}/hello.txt")[0], fetch(f"{URL}/{BUCKET}/hello.txt")[2]))
    everyone = "http://acs.amazonaws.com/groups/global/AllUsers"
    grants = [(grant["Permission"], grant["Grantee"].get("URI")) for grant in item.Acl().grants]
    equal([("FULL_CONTROL", None), ("READ", everyone)], sorted(grants))
    bucket.put_object(Key="born-public", Body=b"all", ACL="public-read")
    equal(200, fetch(f"{URL}/{BUCKET}/born-public")[0])
    equal(403, fetch(f"{URL}/{BUCKET}?list-type=2")[0], "listing")
    bucket.Acl().put(ACL="public-read")
    equal(200, fetch(f"{URL}/{BUCKET}?list-type=2")[0], "listing of a public bucket")
    equal(403, fetch(f"{URL}/{BUCKET}/new", "PUT", b"x")[0], "writing")
    item.Acl().put(ACL="private")
    equal(403, fetch(f"{URL}/{BUCKET}/hello.txt")[0], "after")
    bucket.objects.all().delete()
    bucket.delete()


# --- Many at once ---


@check("delete_objects takes 1000 keys, there or not")
def delete_many():
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, [f"many/{number}" for number in range(0, 1000, 20)]))
    put("many-kept")
    keys = [f"many/{number}" for number in range(1000)]
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    equal(sorted(keys), sorted(entry["Key"] for entry in answer["Deleted"]))
    equal([], answer.get("Errors", []))
    equal(["many-kept"], [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="many")["Contents"]])


@check("20 puts at once are all there, whole")
def parallel():
    contents = {f"parallel/{number:02}": random.randbytes(200_000 + number) for number in range(20)}
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda item: put(*item), contents.items()))
        back = list(pool.map(read, contents))
    for (key, data), got in zip(contents.items(), back):
        same(data, got, key)
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="parallel/")["Contents"]
    equal([(key, len(data)) for key, data in contents.items()], [(entry["Key"], entry["Size"]) for entry in listed])


@check("20 puts at once of one key leave one of them, whole")
def contended():
    contents = [bytes([number]) * 100_000 for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda data: put("contended", data), contents))
    equal(True, read("contended") in contents, "one of the contents")
    equal(1, s3.list_objects_v2(Bucket=BUCKET, Prefix="contended")["KeyCount"])


@check("buckets are emptied and deleted")
def clean_up():
    for bucket in (BUCKET, OTHER):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            objects = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
            if objects:
                equal([], s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get("Errors", []))
        for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        s3.delete_bucket(Bucket=bucket)
        refused("404", 404, s3.head_bucket, Bucket=bucket)


# --- All of it ---


def out_of_time(_signal, _frame):
    raise TimeoutError(f"time limit of {LIMIT} s")


def main():
    signal.signal(signal.SIGALRM, out_of_time)
    for sentence, function in CHECKS:
        signal.alarm(LIMIT)
        try:
            function()
        except Exception as error:  # any failure of a check is its result
            line = traceback.extract_tb(error.__traceback__)
            where = next((frame.lineno for frame in reversed(line) if frame.filename == __file__ and frame.name not in ("equal", "same", "refused")), "?")
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"FAIL boto3: {sentence} — {reason[:500]} (line {where})")
        else:
            print(f"ok boto3: {sentence}")
        finally:
            signal.alarm(0)


if __name__ == "__main__":
    sys.exit(main())

// Which parameters name a subresource: all that S3 knows, built here or not.

/**
 * Parameters that name a subresource: a request with one of them is never served by a row that does not demand it.
 * Any other parameter is signed, then ignored, as S3 does.
 */
export const SUBRESOURCES: ReadonlySet<string> = new Set([
  ...[
    "abac",
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
  ],
  ...[
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataConfiguration",
    "metadataTable",
  ],
  ...["metadataInventoryTable", "metadataJournalTable", "metrics", "notification", "object-lock"],
  ...["ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject", "replication"],
  ...[
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
  ],
  ...["versioning", "versions", "website"],
]);
